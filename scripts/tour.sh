#!/bin/sh
# Five minutes with Agentry: every command of the README's tour, and what is answered.
#
#   scripts/tour.sh          against http://127.0.0.1:4000, where `make run` serves
#   scripts/tour.sh URL      against another address
#
# Needs curl. AGENTRY names the program for `agentry doctor`; target/debug/agentry when not given. Where the server has another data
# folder or database than .agentry, give this script the same AGENTRY_DATA_DIR or DATABASE_URL: `agentry doctor` looks there.
# tests/it/program/tour.rs holds the README to this script, and this script's output to the README.
# shellcheck disable=SC2016,SC2020  # the $names in single quotes are GraphQL variables; tr changes characters, not words
set -eu
url=${1:-http://127.0.0.1:4000}
agentry=${AGENTRY:-target/debug/agentry}
token=

step() {
    printf '\n== %s\n' "$1"
}

# Addresses nobody has taken yet, so that the tour can be taken again.
now=$(date +%s)

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

# hear …: the same for a subscription. Prints events as they come.
hear() {
    curl -sSN "$url/graphql" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
        -H 'Accept: text/event-stream' -d "$(body "$@")"
}

# field NAME: the first text of that name in the last answer.
field() {
    printf '%s' "$answer" | tr ',{' '\n\n' | sed -n 's/^"'"$1"'":"\([^"]*\)".*/\1/p' | head -n 1
}

step 'Sign up'
ask 'mutation($name: String!, $email: String!, $password: String!) {
  signUp(input: { name: $name, email: $email, password: $password }) {
    ... on SignedIn { token } ... on UserError { message } } }' \
    name=Ada email="ada-$now@example.com" password='correct horse battery'
token=$(field token)

step 'An agent needs only a name and a prompt'
ask 'mutation {
  createAgent(input: { name: "Librarian", systemPrompt: "You find books." }) {
    ... on CreateAgentSuccess { agent { id name model temperature visibility } } ... on UserError { message } } }'
agent=$(field id)

step 'Store a provider key and link it to the agent: only its hint comes back'
connect='mutation($agent: ID!, $key: Secret!) {
  createApiConnection(input: { name: "Work", service: "openai", apiKey: $key, agentIds: [$agent] }) {
    ... on CreateApiConnectionSuccess { apiConnection { id keyHint status } agents { name apiConnections { name service } } }
    ... on UserError { message } } }'
ask "$connect" agent="$agent" key=sk-example-0123456789-wxyz

step 'Begin a conversation'
ask 'mutation($agent: ID!) {
  createConversation(input: { agentId: $agent, title: "Bees" }) {
    ... on CreateConversationSuccess { conversation { id title } } ... on UserError { message } } }' \
    agent="$agent"
conversation=$(field id)

step 'Two messages'
append='mutation($conversation: ID!, $role: MessageRole!, $content: String!) {
  appendMessage(input: { conversationId: $conversation, role: $role, content: $content }) {
    ... on AppendMessageSuccess { appendedMessage { id role content } } ... on UserError { message } } }'
ask "$append" conversation="$conversation" role=USER content='A book on bees, please.'
ask "$append" conversation="$conversation" role=ASSISTANT content='The Life of the Bee, by Maurice Maeterlinck.'
message=$(field id)

step 'Rate the answer'
ask 'mutation($message: ID!) {
  giveFeedback(input: { messageId: $message, rating: UP, comment: "Just right." }) {
    ... on GiveFeedbackSuccess { feedback { rating comment } } ... on UserError { message } } }' \
    message="$message"

step 'Everything at once'
ask 'query($agent: ID!) {
  agent(id: $agent) { name feedbackSummary { up down total } apiConnections { name }
    messages(last: 2) { nodes { role content viewerFeedback { rating } } } } }' \
    agent="$agent"

step 'Somebody else signs up'
token=
ask 'mutation($name: String!, $email: String!, $password: String!) {
  signUp(input: { name: $name, email: $email, password: $password }) {
    ... on SignedIn { token } ... on UserError { message } } }' \
    name=Bob email="bob-$now@example.com" password='battery horse correct'
token=$(field token)

step 'and sees none of it'
ask 'query($agent: ID!, $conversation: ID!, $message: ID!) {
  agent(id: $agent) { name } conversation(id: $conversation) { title } message(id: $message) { content }
  agents { totalCount } apiConnections { totalCount } }' \
    agent="$agent" conversation="$conversation" message="$message"

step 'and can change none of it'
ask 'mutation($agent: ID!, $message: ID!) {
  updateAgent(input: { id: $agent, name: "Mine" }) { __typename ... on UserError { message } }
  giveFeedback(input: { messageId: $message, rating: DOWN }) { __typename ... on UserError { message } } }' \
    agent="$agent" message="$message"

step 'What the database guarantees'
set +e
"$agentry" doctor
looked=$?
set -e
[ "$looked" = 0 ] || step 'Is that the database of this server? See AGENTRY_DATA_DIR and DATABASE_URL. The tour goes on'

step 'Templates that come with Agentry'
ask '{ templates { nodes { slug publisher { name } provides { entityTypes watchers } } } }'

step 'Install one: nothing is copied'
ask 'mutation {
  installTemplate(input: { slug: "personal-finance", acceptCapabilities: true }) {
    ... on InstallTemplateSuccess { created redirectTo agent { id } } ... on UserError { message } } }'
agent=$(field id)

step 'The agent is yours'
look='query($agent: ID!) {
  agent(id: $agent) { name model install { version requirements { name met } } }
  entityType(slug: "recurring-payment") { name catalog } }'
ask "$look" agent="$agent"

step 'One mutation, and with a real key it would answer now'
ask "$connect" agent="$agent" key=sk-example-9876543210-zyxw
ask "$look" agent="$agent"

step 'The built-in service echo needs no key'
ask 'mutation {
  createAgent(input: { name: "Echo", systemPrompt: "You find books.", model: "echo" }) {
    ... on CreateAgentSuccess { agent { id model } } ... on UserError { message } } }'
agent=$(field id)

step 'Say something'
ask 'mutation($agent: ID!, $content: String!) {
  sendMessage(input: { agentId: $agent, content: $content }) {
    ... on SendMessageSuccess { run { id status } } ... on UserError { message } } }' \
    agent="$agent" content='A book on bees, please.'
run=$(field id)

step 'and hear the answer as it is written'
hear 'subscription($run: ID!) {
  replyStream(runId: $run) {
    ... on ReplyDelta { text } ... on ReplyEnd { run { status } message { content } } } }' \
    run="$run"
