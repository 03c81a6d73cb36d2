// Agentry, as its GraphQL is spoken.
import assert from "node:assert/strict";

const VIEWER = `{ viewer {
  authMethod role user { id name email emailVerified } organization { id name slug personal }
} }`;

/** These cannot be refused, so their unions have no failure to ask for. */
const SURE = ["signOut", "revokeOtherSessions"];

const capital = (name) => name[0].toUpperCase() + name.slice(1);

/** `as` says who asks, everywhere: a browser with its cookies, or an object of headers. */
export class Here {
  constructor(url) {
    this.url = `${url}/graphql`;
  }

  /** One request, whatever comes of it. */
  async post(query, variables, as = {}, more = {}) {
    const send = as.fetch ?? fetch;
    const response = await send(this.url, {
      method: "POST",
      headers: { "content-type": "application/json", ...(as.fetch ? {} : as), ...more },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await response.json();
    return { status: response.status, data, errors, code: errors?.[0]?.extensions.code };
  }

  /** Its data; fails on any error. */
  async ask(query, variables, as, more) {
    const { data, errors } = await this.post(query, variables, as, more);
    assert.equal(errors, undefined, JSON.stringify(errors));
    return data;
  }

  /** Who that is, and where they act: in their personal organisation unless one is named. */
  async viewer(as, organization) {
    return (await this.ask(VIEWER, {}, as, at(organization))).viewer;
  }

  /** How a credential is refused: its status and its code. */
  async refusal(as, organization) {
    const { status, code, data } = await this.post(VIEWER, {}, as, at(organization));
    assert.ok(code, `it was not refused: ${JSON.stringify(data)}`);
    return `${status} ${code}`;
  }

  /** A mutation, as it is answered: `selection` is of its success, and `message` of anything else. */
  async change(field, input, selection = "", as = undefined, organization = undefined) {
    const success = field === "signIn" || field === "signUp" ? "SignedIn" : `${capital(field)}Success`;
    const [declared, given] = input ? [`($input: ${capital(field)}Input!)`, "(input: $input)"] : ["", ""];
    const query = `mutation ${declared} { ${field}${given} {
      __typename ... on ${success} { __typename ${selection} }
      ${SURE.includes(field) ? "" : "... on UserError { message }"} } }`;
    const result = (await this.ask(query, { input }, as, at(organization)))[field];
    return Object.assign(result, { done: result.__typename === success });
  }

  /** The same; fails unless it was done. */
  async done(field, input, selection, as, organization) {
    const result = await this.change(field, input, selection, as, organization);
    assert.ok(result.done, `${field}: ${result.__typename}: ${result.message}`);
    return result;
  }
}

const at = (organization) => (organization ? { "x-organization-id": organization } : {});
