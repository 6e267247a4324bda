# Completion of chatlog for bash 4.4 and later. In ~/.bashrc: eval "$(chatlog completion bash)"
_chatlog_complete() {
    local kind value
    COMPREPLY=()
    while IFS=$'\t' read -r kind value _; do
        case $kind in
            plain) COMPREPLY+=("$value") ;;
            part) COMPREPLY+=("$value"); compopt -o nospace ;;
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
        esac
    done < <(_CHATLOG_COMPLETE=bash "${1/#\~\//$HOME/}" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}
complete -F _chatlog_complete chatlog
