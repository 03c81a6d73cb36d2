import "./workers.js";
import "./page.css";
import { createRoot } from "react-dom/client";
import { GraphiQL } from "graphiql";
import "graphiql/graphiql.css";
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import { fetcher } from "./fetcher.js";
import { HEADERS, TABS } from "./tour.js";

// Tabs are kept in the browser's local storage; headers are not, unless the reader asks for it in
// the settings dialog: a token has no business in storage that every script of the origin can read.
createRoot(document.getElementById("graphiql")).render(
  <GraphiQL
    fetcher={fetcher}
    defaultTabs={TABS}
    defaultHeaders={HEADERS}
    defaultEditorToolsVisibility="headers"
    isHeadersEditorEnabled
    inputValueDeprecation
    schemaDescription
  >
    <GraphiQL.Logo>
      <span className="agentry-logo">Agentry</span>
    </GraphiQL.Logo>
  </GraphiQL>,
);
