"""The site: an archive as pages that a web server gives out as they lie there."""
