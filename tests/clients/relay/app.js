// A React front end's GraphQL, as Relay's compiler reads it. Never run.
import { graphql } from "relay-runtime";

// Pagination, and refetching it from the viewer.
graphql`
  fragment appAgents on Viewer
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" })
  @refetchable(queryName: "appAgentsPaginationQuery") {
    agents(first: $count, after: $cursor) @connection(key: "app_agents") {
      edges {
        node {
          id
          ...appCard
        }
      }
    }
  }
`;

// Refetching one object by its id, through `node`.
graphql`
  fragment appCard on Agent @refetchable(queryName: "appCardRefetchQuery") {
    name
    model
    visibility
  }
`;

graphql`
  query appQuery {
    viewer {
      user {
        name
      }
      ...appAgents
    }
  }
`;

// A result union, whose failures share an interface.
graphql`
  mutation appCreateAgentMutation($input: CreateAgentInput!) {
    createAgent(input: $input) {
      __typename
      ... on CreateAgentSuccess {
        agent {
          ...appCard
        }
      }
      ... on UserError {
        message
      }
    }
  }
`;

graphql`
  subscription appMessagesSubscription($conversationId: ID!) {
    messageAdded(conversationId: $conversationId) {
      id
      content
    }
  }
`;
