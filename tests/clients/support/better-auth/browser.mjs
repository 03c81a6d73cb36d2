// A page of the front end: its cookies, and the real better-auth client in it.
import assert from "node:assert/strict";

/** Cookies by name: a browser keeps one jar for all ports of a host, so both programs see the same. */
export class Browser {
  #cookies = new Map();

  constructor(library, origin) {
    this.origin = origin;
    this.client = library.createAuthClient({
      baseURL: origin,
      fetchOptions: { customFetchImpl: this.fetch },
      plugins: [library.organizationClient(), library.apiKeyClient()],
    });
  }

  fetch = async (address, init) => {
    const request = new Request(address, init);
    request.headers.set("origin", this.origin);
    if (this.#cookies.size > 0) request.headers.set("cookie", this.cookie);
    const response = await fetch(request);
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return response;
  };

  /** As a `Cookie` header has it. */
  get cookie() {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  /** The value of the session's cookie as it is sent. */
  get session() {
    return this.#cookies.get("better-auth.session_token");
  }

  #keep(line) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
    if (value === "" || /;\s*max-age=0/i.test(line)) this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }
}

/** What a call of better-auth's client answered; fails on an error. */
export async function ok(call) {
  const { data, error } = await call;
  assert.equal(error, null, JSON.stringify(error));
  return data;
}

/** The status with which a call of better-auth's client was refused; fails when it was not. */
export async function refusal(call) {
  const { data, error } = await call;
  assert.ok(error, `it was not refused: ${JSON.stringify(data)}`);
  return error.status;
}
