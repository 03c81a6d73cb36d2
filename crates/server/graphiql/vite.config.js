import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { licenses } from "./build/licenses.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { collect, write } = licenses();
const names = {
  entryFileNames: "assets/graphiql/[name]-[hash].js",
  chunkFileNames: "assets/graphiql/[name]-[hash].js",
  assetFileNames: "assets/graphiql/[name]-[hash][extname]",
};

export default defineConfig({
  plugins: [collect, write],
  resolve: {
    alias: [
      // GraphiQL and monaco-graphql name this file differently, the latter relative to itself; no
      // other package has a module of that name.
      { find: /^(\.|monaco-graphql\/esm)\/monaco-editor(\.js)?$/, replacement: here("src/monaco.js") },
      { find: "prettier/standalone", replacement: here("src/prettier.js") },
      { find: "prettier-standalone", replacement: here("node_modules/prettier/standalone.mjs") },
      { find: "prettier/plugins/estree", replacement: here("src/empty.js") },
      { find: "prettier/parser-babel", replacement: here("src/empty.js") },
    ],
  },
  worker: { format: "es", plugins: () => [collect], rollupOptions: { output: names } },
  build: {
    target: "es2022",
    // Nothing inline: the content security policy then needs no `data:` for what we can name.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 4096,
    rollupOptions: { output: names },
  },
});
