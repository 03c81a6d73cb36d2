// graphql-eslint's two schema sets, whole: no rule is turned off. Each option below says why.
import graphql from "@graphql-eslint/eslint-plugin";
import { readFileSync } from "node:fs";
import { buildSchema, isObjectType } from "graphql";
import { schemaPath } from "./support/schema.mjs";

const schema = buildSchema(readFileSync(schemaPath, "utf8"));
const objects = Object.values(schema.getTypeMap()).filter(isObjectType);
const named = (...endings) => objects.map(({ name }) => name).filter((name) => endings.some((end) => name.endsWith(end)));
const failures = schema.getPossibleTypes(schema.getType("UserError")).map(({ name }) => name);
const parts = [
  ...["ApiKeyRateLimit", "ApiKeyRefill", "Capabilities", "DefinitionProblem", "InvalidField", "MemberProfile", "PageInfo", "Profile"],
  ...["Provides", "Requirement", "TemplateClassifier", "TemplatePublisher", "TemplateVersion", "TemplateWatcher", "UpgradeAvailable"],
  ...["Budget", "FeedbackStatistics", "ForkOrigin", "TextRange", "Tool", "Usage", "UsageReport", "UsageTotal"],
  ...["WhatsAppLink", "WhatsAppSender", "WhatsAppSenderInstall", "WhatsAppVerification"],
];
const answers = ["AccountDeletion", "DeletionOfOrganization", "SignedIn", "Viewer"];
const events = ["ReplyDelta", "ReplyEnd"];
const values = [...failures, ...parts, ...answers, ...events];

const recommended = graphql.configs["flat/schema-recommended"].rules;
const [, naming] = recommended["@graphql-eslint/naming-convention"];
const object = "ObjectTypeDefinition,ObjectTypeExtension";

export default [
  {
    files: ["**/*.graphql"],
    plugins: { "@graphql-eslint": graphql },
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: schemaPath } } },
    rules: {
      ...recommended,
      ...graphql.configs["flat/schema-relay"].rules,
      // The type of a thing is called a type: that is no suffix which says what the declaration shows already.
      "@graphql-eslint/naming-convention": ["error", { ...naming, [object]: { ...naming[object], ignorePattern: "^EntityType$" } }],
      "@graphql-eslint/strict-id-in-types": [
        "error",
        {
          exceptions: {
            // Values, not things: they live and die with the answer they are part of. What has an
            // identity of its own implements Node, and that this list holds no such type is tested.
            types: values,
            suffixes: ["Success", "Connection", "Edge", "Summary"],
          },
        },
      ],
      // What is found is read forward alone.
      "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],
      // A connection offers `nodes` beside `edges`, for clients which have no use for cursors, and
      // short closed lists (the organisations of a viewer) are not paged. That edges lead to nodes is tested, since the rule
      // knows no exception: a membership is seen in its organisation alone.
      "@graphql-eslint/relay-edge-types": [
        "error",
        { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
      ],
    },
  },
];

/** The types that may go without an id. */
export const exempt = [...values, ...named("Success", "Connection", "Edge", "Summary")];

/** The types that an edge may lead to although `node(id)` does not find them. */
export const unlisted = ["Member"];
