#compdef chatlog
# Completion of chatlog for zsh. In ~/.zshrc, after compinit: eval "$(chatlog completion zsh)"
_chatlog() {
    local line kind value
    local -a plain parts described described_parts
    for line in "${(@f)$(_CHATLOG_COMPLETE=zsh ${(Q)words[1]} "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
        local -a cells=("${(@ps:\t:)line}")
        kind=$cells[1] value=$cells[2]
        case $kind in
            plain) plain+=("$value"); described+=("$value${cells[3]:+  -- $cells[3]}") ;;
            part) parts+=("$value") ;;
            file) compset -P '--[^=]#='; _files ;;
            dir) compset -P '--[^=]#='; _files -/ ;;
        esac
    done
    if (( $#plain )); then compadd -l -d described -a plain; fi
    if (( $#parts )); then compadd -S '' -a parts; fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _chatlog "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }
    compdef _chatlog chatlog
fi
