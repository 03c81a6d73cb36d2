#!/bin/sh
# A bot on WhatsApp in two minutes, without Meta: every command of "Try it" in docs/whatsapp.md, and what is answered.
#
#   make run ARGS="--whatsapp-publishers '*' --whatsapp-graph-url http://127.0.0.1:4899/v23.0"    in another terminal, then
#   scripts/whatsapp-tour.sh          against http://127.0.0.1:4000, where that serves
#   scripts/whatsapp-tour.sh URL      against another address
#
# Needs curl. AGENTRY_PHONE names the phone's program, AGENTRY_PHONE_PORT the port of its Graph API (4899).
# tests/it/program/whatsapp_tour.rs holds docs/whatsapp.md to this script, and this script's output to docs/whatsapp.md.
# shellcheck disable=SC2016,SC2020  # the $names in single quotes are GraphQL variables; tr changes characters, not words
set -eu
url=${1:-http://127.0.0.1:4000}
token=

step() {
    printf '\n== %s\n' "$1"
}

# An address and a slug that nobody has taken yet, so that the tour can be taken again.
now=$(date +%s)
slug=echo-bot-$now

# body DOCUMENT [NAME=VALUE …]: a GraphQL document with its variables, as a request carries it.
body() {
    document=$(printf '%s' "$1" | tr '\n' ' ' | sed 's/"/\\"/g'); variables=; shift
    for pair; do variables="$variables,\"${pair%%=*}\":\"${pair#*=}\""; done
    printf '{"query":"%s","variables":{%s}}' "$document" "${variables#,}"
}

# ask …: sends it, as whoever holds $token. Prints the answer.
ask() {
    answer=$(curl -sS "$url/graphql" -H "${token:+Authorization: Bearer $token}" -H 'Content-Type: application/json' -d "$(body "$@")")
    printf '%s\n' "$answer"
}

# field NAME: the first text of that name in the last answer.
field() {
    printf '%s' "$answer" | tr ',{' '\n\n' | sed -n 's/^"'"$1"'":"\([^"]*\)".*/\1/p' | head -n 1
}

# The phone: what is typed goes in by a pipe, what it prints is kept in a file.
folder=$(mktemp -d)
mkfifo "$folder/typed"
: >"$folder/heard"
phone() {
    if [ -n "${AGENTRY_PHONE:-}" ]; then
        exec "$AGENTRY_PHONE" "$@"
    fi
    exec cargo run -q -p agentry-whatsapp-testkit --example phone -- "$@"
}
phone "$url" 106540352242922 0123456789abcdef 447700900001 "${AGENTRY_PHONE_PORT:-4899}" <"$folder/typed" >"$folder/heard" &
phone=$!
number=
ended() {
    kill "$phone" 2>/dev/null || :
    rm -r "$folder"
    # Where it stopped half way, both numbers are let go of, so that it can be tried again.
    [ -n "$number" ] || return 0
    ask 'mutation { unlinkWhatsApp(input: {}) { __typename } }' >/dev/null || :
    token=$publisher
    ask 'mutation($number: ID!) { removeWhatsAppNumber(input: { id: $number }) { __typename } }' number="$number" >/dev/null || :
}
trap ended EXIT
trap 'exit 1' HUP INT TERM
exec 3>"$folder/typed"

# heard COUNT SECONDS: waits until the phone has printed more lines than that, and prints them.
heard() {
    tenths=$(($2 * 10))
    while [ "$(wc -l <"$folder/heard")" -le "$1" ]; do
        kill -0 "$phone" || exit 1
        tenths=$((tenths - 1))
        [ "$tenths" -gt 0 ] || { echo "the phone hears nothing" >&2; exit 1; }
        sleep 0.1
    done
    tail -n "+$(($1 + 1))" "$folder/heard"
}

# say TEXT: types it into the phone, and prints what comes back.
say() {
    before=$(wc -l <"$folder/heard")
    printf '%s\n' "$1"
    printf '%s\n' "$1" >&3
    heard "$before" 30
}

step 'A phone in a terminal, which stands for Meta too'
heard 0 1800  # it may have to be built

step 'Sign up'
ask 'mutation($name: String!, $email: String!, $password: String!) {
  signUp(input: { name: $name, email: $email, password: $password }) {
    ... on SignedIn { token } ... on UserError { message } } }' \
    name=Ada email="ada-$now@example.com" password='correct horse battery'
token=$(field token)

step 'Publish a template whose agents need no key'
ask 'mutation($slug: String!) {
  publishTemplateVersion(input: { slug: $slug,
    definition: { name: "Echo bot", agent: { systemPrompt: "You find books.", model: "echo" } } }) {
    ... on PublishTemplateVersionSuccess { template { id status } }
    ... on DefinitionRejected { problems { path message } } ... on UserError { message } } }' \
    slug="$slug"
template=$(field id)
ask 'mutation($template: ID!) {
  setTemplateStatus(input: { id: $template, status: PUBLISHED }) {
    ... on SetTemplateStatusSuccess { template { status } } ... on UserError { message } } }' \
    template="$template"

step 'Register a number for it'
ask 'mutation($template: ID!, $secret: Secret!, $number: String!, $access: Secret!) {
  registerWhatsAppNumber(input: { templateId: $template, appSecret: $secret,
    via: { cloudApi: { phoneNumberId: $number, accessToken: $access } } }) {
    ... on RegisterWhatsAppNumberSuccess { whatsAppNumber { id phone webhookPath } } ... on UserError { message } } }' \
    template="$template" secret=0123456789abcdef number=106540352242922 access=any
number=$(field id)
publisher=$token
[ -n "$number" ] || exit 1

step 'Somebody else signs up'
token=
ask 'mutation($name: String!, $email: String!, $password: String!) {
  signUp(input: { name: $name, email: $email, password: $password }) {
    ... on SignedIn { token } ... on UserError { message } } }' \
    name=Bob email="bob-$now@example.com" password='battery horse correct'
token=$(field token)

step 'installs it'
ask 'mutation($slug: String!) {
  installTemplate(input: { slug: $slug, acceptCapabilities: true }) {
    ... on InstallTemplateSuccess { created agent { name model } } ... on UserError { message } } }' \
    slug="$slug"

step 'and says that a number is theirs'
ask 'mutation($slug: String!) {
  linkWhatsApp(input: { phone: "07700 900001", region: "GB", templateSlug: $slug }) {
    ... on LinkWhatsAppSuccess { link { phone status verification { text waMeUrl } } }
    ... on WhatsAppRefused { code message } ... on UserError { message } } }' \
    slug="$slug"

step 'Show it: type the text with the code into the phone'
text=$(field text)
[ -n "$text" ] || exit 1
say "$text"

step 'Write to the bot'
say 'A book on bees, please.'
say 'And one on ants.'

step 'Take it back, so that it can be tried again'
ask 'mutation { unlinkWhatsApp(input: {}) { ... on UnlinkWhatsAppSuccess { unlinked } ... on UserError { message } } }'
token=$publisher
ask 'mutation($number: ID!) {
  removeWhatsAppNumber(input: { id: $number }) {
    ... on RemoveWhatsAppNumberSuccess { removedWhatsAppNumberId } ... on UserError { message } } }' \
    number="$number"
number=
