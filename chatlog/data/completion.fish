# Completion of chatlog for fish: chatlog completion fish > ~/.config/fish/completions/chatlog.fish
function __chatlog_complete
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    for line in (env _CHATLOG_COMPLETE=fish $words "$token" 2>/dev/null)
        set -l cells (string split \t -- $line)
        switch $cells[1]
            case plain part
                printf '%s\t%s\n' $cells[2] $cells[3]
            case file dir
                set -l option (string match -r '^--[^=]*=' -- "$token")
                set -l path (string replace -r '^--[^=]*=' '' -- "$token")
                if test $cells[1] = dir
                    printf '%s\n' "$option"(__fish_complete_directories "$path")
                else
                    printf '%s\n' "$option"(__fish_complete_path "$path")
                end
        end
    end
end
complete --command chatlog --no-files --arguments '(__chatlog_complete)'
