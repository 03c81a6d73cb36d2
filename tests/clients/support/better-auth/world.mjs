// One database, better-auth and Agentry on it, and people who know both.
import { bearer, newcomer } from "../server.mjs";
import { Browser, ok } from "./browser.mjs";
import { createDatabase } from "./database.mjs";
import { openEngine } from "./engine.mjs";
import { Here } from "./here.mjs";
import { Outbox } from "./outbox.mjs";
import { runAgentry, serveAgentry } from "./program.mjs";

export class World {
  /** `peer` is one of the suite's; `first` says whose migration makes the auth tables: `agentry` or `better-auth`. */
  constructor(peer, first) {
    Object.assign(this, peer, { first });
  }

  async open() {
    const folder = new URL("../../better-auth/", import.meta.url);
    this.library = await import(new URL(this.module, folder));
    const name = `${this.first}_${this.name}_${process.pid}`.toLowerCase().replace(/\W/g, "_");
    this.database = await createDatabase(name);
    this.there = await openEngine(this.library, this.database.pool);
    if (this.first === "better-auth") {
      await (await this.there.migrations()).runMigrations();
      this.there.serve();
      this.settler = await this.settle();
    }
    await runAgentry(["migrate"], {
      DATABASE_URL: this.database.serviceUrl,
      DATABASE_OWNER_URL: this.database.ownerUrl,
    });
    this.outbox = await Outbox.open();
    // The service alone from here on: it has no login that owns anything.
    this.agentry = await serveAgentry({
      DATABASE_URL: this.database.serviceUrl,
      AGENTRY_JWT_ISSUER: this.there.origin,
      AGENTRY_JWT_AUDIENCE: this.there.origin,
      AGENTRY_TRUSTED_ORIGINS: this.there.origin,
      AGENTRY_SIGN_UP_PER_ADDRESS: "10000",
      AGENTRY_SIGN_IN_PER_ADDRESS: "10000",
      AGENTRY_MAIL_PER_ADDRESS: "10000",
      AGENTRY_MAIL_URL: this.outbox.url,
      // How soon an open WebSocket hears of what better-auth did.
      AGENTRY_RECHECK: "500ms",
    });
    this.here = new Here(this.agentry.url);
    if (this.first === "agentry") this.there.serve();
  }

  async close() {
    await this.agentry?.stop();
    await this.there?.close();
    await this.database?.drop();
    await this.outbox?.close();
  }

  /** A slug that no organisation has. */
  slug(word) {
    this.#slugs += 1;
    return `${word}-${this.#slugs}`;
  }

  #slugs = 0;

  /** A page of the front end that nobody has signed in on. */
  browser() {
    return new Browser(this.library, this.there.origin);
  }

  /** Someone who signed up with better-auth. */
  async signUpThere(person = newcomer()) {
    const browser = this.browser();
    let signed;
    const { token, user } = await ok(
      browser.client.signUp.email(person, {
        onSuccess: ({ response }) => (signed = response.headers.get("set-auth-token")),
      }),
    );
    return { ...person, id: user.id, browser, client: browser.client, token, signed, bearer: bearer(token) };
  }

  /** Someone who signed up with Agentry. */
  async signUpHere(person = newcomer()) {
    const browser = this.browser();
    const { userId, token } = await this.here.done("signUp", person, "userId token", browser);
    return { ...person, id: userId, browser, client: browser.client, token, bearer: bearer(token) };
  }

  /** Whose session better-auth takes a bearer token to be; null for nobody's. */
  async sessionThere(token) {
    const { client } = this.browser();
    const found = await ok(client.getSession({ fetchOptions: { headers: bearer(token) } }));
    return found?.user.id ?? null;
  }

  /** Whom `make` made the first time: for cases that leave the account as it is. Hashing a password takes a while. */
  #same(who, make) {
    return (this.#people[who] ??= make());
  }

  #people = {};

  /** Someone who is in no team, from there. */
  strangerThere() {
    return this.#same("stranger there", () => this.signUpThere());
  }

  /** Someone who is in no team, from here. */
  strangerHere() {
    return this.#same("stranger here", () => this.signUpHere());
  }

  /** A new team, made and joined with better-auth: its owner, and a member or whatever `role` says. */
  async teamThere(role = "member") {
    const owner = await this.#same("owner there", () => this.signUpThere());
    const member = await this.#same("member there", () => this.signUpThere());
    const team = await ok(owner.client.organization.create({ name: "Readers", slug: this.slug("readers") }));
    const invited = { email: member.email, role, organizationId: team.id };
    const invitation = await ok(owner.client.organization.inviteMember(invited));
    await ok(member.client.organization.acceptInvitation({ invitationId: invitation.id }));
    const [{ id: memberId }] = await this.database.rows(
      `SELECT "id" FROM "member" WHERE "organizationId" = $1 AND "userId" = $2`,
      [team.id, member.id],
    );
    return { id: team.id, owner, member, memberId };
  }

  /** The same, made and joined with Agentry. */
  async teamHere(role = "MEMBER") {
    const owner = await this.#same("owner here", () => this.signUpHere());
    const member = await this.#same("member here", () => this.signUpHere());
    const made = { name: "Writers", slug: this.slug("writers") };
    const { organization } = await this.here.done("createOrganization", made, "organization { id slug }", owner.bearer);
    const invited = { email: member.email, role };
    const { invitation } = await this.here.done("inviteMember", invited, "invitation { id }", owner.bearer, organization.id);
    await this.here.done("acceptInvitation", { id: invitation.id }, "role", member.bearer);
    return { ...organization, owner, member };
  }

  /** Someone who was there before Agentry came, with a team, twice, and a key. */
  async settle() {
    const settler = await this.signUpThere();
    const team = await ok(settler.client.organization.create({ name: "Settlers", slug: "settlers" }));
    // As two calls at once leave it behind.
    await this.database.rows(
      `INSERT INTO "member" ("id", "organizationId", "userId", "role", "createdAt") VALUES ('twice', $1, $2, 'admin', now() - interval '1 hour')`,
      [team.id, settler.id],
    );
    const { key } = await ok(settler.client.apiKey.create({ name: "Old" }));
    return { ...settler, team: team.id, key };
  }
}
