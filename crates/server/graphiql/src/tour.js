import signUp from "./tour/1-sign-up.graphql?raw";
import createAgent from "./tour/2-create-agent.graphql?raw";
import viewer from "./tour/3-viewer.graphql?raw";

/** The header editor reads JSON with comments. */
export const HEADERS = `{
  // "authorization": "Bearer <the token signUp or signIn answered>"
}`;

/** The tabs of a first visit. The test suite validates each against schema.graphql. */
export const TABS = [signUp, createAgent, viewer].map((query) => ({ query, headers: HEADERS }));
