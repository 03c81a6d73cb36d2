// A front end's code, type-checked against what graphql-codegen makes of the schema. Never run.
import { graphql, useFragment } from "../out/gql";
import type { DocumentType, FragmentType } from "../out/gql";
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";

declare function execute<Result, Variables>(
  document: TypedDocumentNode<Result, Variables>,
  variables: Variables,
): Promise<Result>;

const AgentCard = graphql(/* GraphQL */ `
  fragment AgentCard on Agent {
    id
    name
    model
    temperature
    visibility
    createdAt
  }
`);

const SignUp = graphql(/* GraphQL */ `
  mutation SignUp($input: SignUpInput!) {
    signUp(input: $input) {
      __typename
      ... on SignedIn {
        token
      }
      ... on UserError {
        message
      }
    }
  }
`);

const CreateAgent = graphql(/* GraphQL */ `
  mutation CreateAgent($input: CreateAgentInput!) {
    createAgent(input: $input) {
      __typename
      ... on CreateAgentSuccess {
        agent {
          ...AgentCard
        }
      }
      ... on UserError {
        message
      }
    }
  }
`);

const MyAgents = graphql(/* GraphQL */ `
  query MyAgents($first: Int!, $after: String) {
    viewer {
      user {
        name
      }
      agents(first: $first, after: $after) {
        totalCount
        edges {
          cursor
          node {
            ...AgentCard
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

const AnyNode = graphql(/* GraphQL */ `
  query AnyNode($id: ID!) {
    node(id: $id) {
      __typename
      id
      ...AgentCard
    }
  }
`);

const MessageAdded = graphql(/* GraphQL */ `
  subscription MessageAdded($conversationId: ID!) {
    messageAdded(conversationId: $conversationId) {
      role
      content
    }
  }
`);

export async function signUp(): Promise<string> {
  const { signUp } = await execute(SignUp, { input: { name: "Ada", email: "ada@example.test", password: "long enough" } });
  // Every outcome but success has a message: no other branch is needed, whatever is added later.
  if (signUp.__typename === "SignedIn") return signUp.token;
  throw new Error(signUp.message);
}

export async function createAgent(): Promise<string> {
  const { createAgent } = await execute(CreateAgent, { input: { name: "Librarian", systemPrompt: "You find books." } });
  if (createAgent.__typename !== "CreateAgentSuccess") throw new Error(createAgent.message);
  return describe(createAgent.agent);
}

export async function allAgents(): Promise<string[]> {
  const cards: string[] = [];
  let after: string | null = null;
  do {
    const page: DocumentType<typeof MyAgents> = await execute(MyAgents, { first: 20, after });
    const agents = page.viewer?.agents;
    if (!agents) return cards;
    cards.push(...agents.edges.map(({ node }) => describe(node)));
    after = agents.pageInfo.hasNextPage ? (agents.pageInfo.endCursor ?? null) : null;
  } while (after !== null);
  return cards;
}

export async function find(id: string): Promise<string | undefined> {
  const { node } = await execute(AnyNode, { id });
  return node?.__typename === "Agent" ? describe(node) : node?.id;
}

export function subscribe(conversationId: string): Promise<DocumentType<typeof MessageAdded>> {
  return execute(MessageAdded, { conversationId });
}

function describe(masked: FragmentType<typeof AgentCard>): string {
  const { name, model, temperature } = useFragment(AgentCard, masked);
  return `${name} (${model}, ${temperature.toFixed(1)})`;
}
