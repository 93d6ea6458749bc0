#!/usr/bin/env bats
# The manual: a page for each verb, which the readers of such pages take without a complaint.
load setup

pages() {
    command -v scdoc >/dev/null || skip "scdoc is missing"
    allot help --pages .
    local source
    for source in *.scd; do
        scdoc <"$source" >"${source%.scd}"
    done
}

@test "there is a page for every verb, and one for all" {
    pages
    diff <(ls -- *.1) <({ verbs | sed 's/.*/allot-&.1/'; echo allot.1; } | sort)
}

@test "allot.yaml(5) has every setting of the file, and an example that is right" {
    pages
    sed -n 's/^| `\([a-z_.]*\)` .*/\1/p' "$BATS_TEST_DIRNAME/../../docs/configuration.md" | sort >documented
    [[ $(wc -l <documented) -gt 20 ]]
    sed -n 's/^\*\([a-z_.\\]*\)\*$/\1/p' allot.yaml.5.scd | tr -d '\\' | sort >named
    diff documented named
    sed -n '/^```$/,/^```$/p' allot.yaml.5.scd | grep -v '^```$' >allot.yaml
    exits 0 allot check-config allot.yaml
}

@test "no page has an error" {
    pages
    command -v mandoc >/dev/null || skip "mandoc is missing"
    mandoc -T lint -W error -- *.[15]
}

@test "man shows each page without a warning" {
    pages
    command -v man >/dev/null || skip "man is missing"
    local page
    for page in *.[15]; do
        exits 0 env LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l "./$page"
        [[ -z $output ]]
    done
}

@test "a page says what help says" {
    pages
    command -v mandoc >/dev/null || skip "mandoc is missing"
    output=$(mandoc -T ascii allot-ids.1 | col -b)
    has 'allot ids [OPTIONS]' '--slot UUID' 'Environment: ALLOT_SLOT' "allot leader -o json | cut -d '\"' -f 4"
    output=$(mandoc -T ascii allot.1 | col -b)
    has 'EXIT STATUS' 'bad configuration' 'allot-run(1)'
}

@test "the sources are written where that is possible, else that is said" {
    exits 1 allot help --pages nowhere
    has 'cannot write nowhere/allot.1.scd: No such file or directory'
}

@test "pages and completions are installed where readers and shells look for them" {
    cmake --install "$build" --prefix "$home/prefix" >log
    for name in bash-completion/completions/allot zsh/site-functions/_allot fish/vendor_completions.d/allot.fish; do
        [[ -s prefix/share/$name ]]
    done
    "$home/prefix/bin/allot" version
    command -v scdoc >/dev/null || skip "scdoc is missing"
    [[ -s prefix/share/man/man1/allot-run.1 && -s prefix/share/man/man5/allot.yaml.5 ]]
    [[ ! -e prefix/share/man/man5/allot.1 && -z $(find prefix -name '*.scd') ]]
}

@test "the build has written pages and completions" {
    for name in completions/allot completions/_allot completions/allot.fish; do
        [[ -s $build/cli/pages/$name ]]
    done
    command -v scdoc >/dev/null || skip "scdoc is missing"
    [[ -s $build/cli/pages/man/allot-run.1 ]]
}
