#!/usr/bin/env bats
# Completion: each shell really completes, with its own means, what is typed.
load setup


# typed LINE...: types each line into an interactive bash, TABs included, and shows what the shell wrote.
typed() {
    {
        echo 'source <(allot completion bash)'
        printf '%b\n' "$@" exit
    } | TERM=dumb PS1='$ ' timeout 30 script -qec 'bash --norc --noprofile -i' /dev/null
}

@test "bash takes the script without a word" {
    allot completion bash >script
    bash -n script
    [[ -z $(bash -c 'source ./script' 2>&1) ]]
}

@test "bash completes verbs, flags, the words of a flag, and files" {
    printf 'x\n' >"a file with blanks"
    output=$(typed 'allot vers\t --out\t js\t' 'allot add a\\ f\t' 'allot ids --output=jso\t' 'allot help compl\t')
    has '{"version":' 'added 1 id' '{"id":"x"}' 'Usage: allot completion'
}

# bash_offers WORD...: what bash would offer for the last word.
bash_offers() {
    bash -c 'source <(allot completion bash)
        compopt() { :; }
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _allot
        printf "%s\n" "${COMPREPLY[@]}" | sort' - "$@"
}

@test "bash offers every verb, and no flag of another one" {
    diff <(bash_offers allot '') <(verbs | sort)
    output=$(bash_offers allot status --)
    has --output --timeout --path --help
    [[ $output != *--ttl* && $output != *--pages* ]]
}

@test "bash offers directories for a directory, and nothing where nobody can know" {
    mkdir stores && touch stray
    [[ $(bash_offers allot run --path st) == stores ]]
    [[ -z $(bash_offers allot run --ttl '') ]]
}

@test "every flag of every verb that help names is offered by every shell" {
    local verb flag
    allot completion bash >bash
    allot completion zsh >zsh
    allot completion fish >fish
    for verb in $(verbs); do
        output=$(bash_offers allot "$verb" --)
        for flag in $(allot help "$verb" | sed -n 's/^  ....--\([a-z-]*\).*/\1/p' | grep -v '^help$' | sort -u); do
            has "--$flag"
            sed -n "/^    $verb)/,/;;/p" zsh | grep -q -e "--$flag[=}\[]"
            grep -q "^complete -c allot -n '__allot_verb $verb' -l $flag " fish
        done
    done
}

@test "zsh completes verbs, flags, the words of a flag, and files" {
    command -v zsh >/dev/null || skip "zsh is missing"
    printf 'x\n' >ids.txt
    echo 'autoload -U compinit; compinit -u -D; source <(allot completion zsh)' >rc
    output=$({
        echo 'source ./rc'
        printf 'allot vers\t -o js\t\nallot add id\t\nallot help compl\t\nexit\n'
    } | TERM=dumb timeout 30 script -qec 'zsh -f -i' /dev/null)
    has '{"version":' 'added 1 id' 'Usage: allot completion'
}

@test "fish completes verbs, flags, the words of a flag, and files" {
    command -v fish >/dev/null || skip "fish is missing"
    offers() {
        fish --no-config -c 'source (allot completion fish | psub); complete -C "$argv[1]"' "$1" | cut -f 1
    }
    diff <(offers 'allot ') <(verbs | sort)
    [[ $(offers 'allot status -o ' | xargs) == 'json jsonl table' ]]
    [[ $(offers 'allot run --on-timeout ' | xargs) == 'keep retire' ]]
    [[ $(offers 'allot run --quar') == --quarantine ]]
    [[ -z $(offers 'allot status --quar') ]]
    touch ids.txt
    [[ $(offers 'allot add id') == ids.txt ]]
}
