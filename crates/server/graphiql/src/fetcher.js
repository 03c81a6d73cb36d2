import { getOperationAST, parse } from "graphql";
import { createClient } from "graphql-ws";

/** Queries and mutations are POSTed here. */
export const GRAPHQL_PATH = "/graphql";

/** Subscriptions upgrade here; the same path, the other protocol. */
export const GRAPHQL_WS_PATH = "/graphql";

const ACCEPT = "application/graphql-response+json, application/json;q=0.9";

function webSocketUrl() {
  const url = new URL(GRAPHQL_WS_PATH, window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

let socket = { key: undefined, client: undefined };

// A credential is read once a socket, from `connection_init`; other headers therefore need another
// socket. The one left behind closes itself when its last subscription ends.
function clientFor(headers) {
  const key = JSON.stringify(headers);
  if (socket.key !== key) {
    socket = { key, client: createClient({ url: webSocketUrl(), lazy: true, connectionParams: headers }) };
  }
  return socket.client;
}

// Never rejects on a status: a 4xx with a GraphQL body is an answer the reader should see.
async function post(params, headers) {
  const response = await fetch(GRAPHQL_PATH, {
    method: "POST",
    credentials: "same-origin",
    headers: { accept: ACCEPT, ...headers, "content-type": "application/json" },
    body: JSON.stringify(params),
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return { errors: [{ message: `HTTP ${response.status}: ${text.slice(0, 500) || response.statusText}` }] };
  }
}

// GraphiQL works out the operation's name a moment after the last key: whoever pastes and runs at
// once would send the old one. The text itself knows better.
function operationOf({ query, operationName }) {
  try {
    const document = parse(query);
    return getOperationAST(document, operationName) ?? getOperationAST(document);
  } catch {
    return undefined; // Not GraphQL: the server says so better than we could.
  }
}

/** What GraphiQL calls for each operation: a promise, or an async iterable for a subscription. */
export function fetcher(params, { headers = {} } = {}) {
  const operation = operationOf(params);
  const request = operation ? { ...params, operationName: operation.name?.value } : params;
  return operation?.operation === "subscription" ? clientFor(headers).iterate(request) : post(request, headers);
}
