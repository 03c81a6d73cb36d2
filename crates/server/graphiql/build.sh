#!/bin/sh
# Builds the GraphiQL page into dist/ and writes the table the Rust build embeds it by.
#
# Only needed after a change in this folder: dist/ and the table are committed, so that building
# Agentry takes no Node. Needs Node 20.19 or newer and, for `npm ci`, an npm registry.
set -eu
cd "$(dirname "$0")"

npm ci
npx vite build --logLevel error
node build/table.js dist ../src/graphiql/assets.rs
rustfmt --edition 2024 ../src/graphiql/assets.rs
du -sk dist
