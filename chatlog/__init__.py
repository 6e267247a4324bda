"""Record IRC channels into transcripts that outlive the tool."""

__version__ = "0.1.0"
