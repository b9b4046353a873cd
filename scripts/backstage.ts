import { z } from "zod";
import { awsStacks } from "../cli/init/aws-stacks.ts";
import { serviceSettings } from "../config/schema/service.ts";
import { definitionOf } from "../config/schema/setting.ts";

const environments = awsStacks.map(({ name }) => name);

/** A field of the form: a JSON schema with Backstage's `ui:` keys. */
type Field = Record<string, unknown>;

/** A setting of a service as a field: what its schema says, and what only a form needs. */
function fieldOf(key: "host" | "port" | "replicas", title: string, more: Field): Field {
  const schema = serviceSettings.shape[key];
  const { meaning, default: fallback } = definitionOf(schema)!;
  const description = `${meaning.replaceAll("`", "")}.`;
  return { title, type: z.toJSONSchema(schema).type, description, ...(fallback !== undefined && { default: fallback }), ...more };
}

const text = (title: string, description: string, more: Field = {}): Field => ({ title, type: "string", description, ...more });

/**
 * The template for Backstage's scaffolder, with the settings that an app team chooses.
 * https://backstage.io/docs/features/software-templates/writing-templates
 */
export function backstageTemplate(): object {
  const parameters = {
    name: text("Name", "Name of the service and of its component in the catalog", {
      // A DNS label, which the component, the service and the program have as their name.
      pattern: "^[a-z]([-a-z0-9]*[a-z0-9])?$",
      maxLength: 63,
      "ui:autofocus": true,
    }),
    description: text("Description", "What the service does", { maxLength: 256 }),
    owner: text("Owner", "Group that owns the service", {
      "ui:field": "OwnerPicker",
      "ui:options": { catalogFilter: { kind: "Group" } },
    }),
    host: fieldOf("host", "Host in production", {
      pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$",
      "ui:help": "web.example.org is web.dev.example.org in the environment dev",
    }),
    port: fieldOf("port", "Port", { minimum: 1, maximum: 65_535 }),
    replicas: fieldOf("replicas", "Replicas", { minimum: 1, maximum: 100 }),
    environments: {
      title: "Environments",
      type: "array",
      description: "Where the service runs, besides the machines of developers",
      items: { type: "string", enum: environments },
      uniqueItems: true,
      minItems: 1,
      default: environments.slice(0, 1),
      "ui:widget": "checkboxes",
    },
    repoUrl: text("Repository", "Where the code goes", {
      "ui:field": "RepoUrlPicker",
      "ui:options": { allowedHosts: ["github.com"] },
    }),
  };
  const page = (title: string, keys: (keyof typeof parameters)[], required: (keyof typeof parameters)[]) => ({
    title,
    required,
    properties: Object.fromEntries(keys.map((key) => [key, parameters[key]])),
  });
  const given = (...keys: (keyof typeof parameters)[]) => Object.fromEntries(keys.map((key) => [key, `\${{ parameters.${key} }}`]));
  return {
    apiVersion: "scaffolder.backstage.io/v1beta3",
    kind: "Template",
    metadata: {
      name: "slipway-service",
      title: "Go service on EKS",
      description: "A repository with a Go service, and a stack for each environment on the shared platform",
      tags: ["go", "kubernetes", "aws"],
    },
    spec: {
      owner: "platform-team",
      type: "service",
      parameters: [
        page("Service", ["name", "description", "owner"], ["name", "owner"]),
        page("Settings", ["host", "port", "replicas", "environments"], ["host", "port", "replicas", "environments"]),
        page("Repository", ["repoUrl"], ["repoUrl"]),
      ],
      steps: [
        {
          id: "project",
          name: "Write the project",
          action: "fetch:template",
          input: {
            url: "./skeleton",
            values: {
              ...given("name", "owner", "port"),
              description: "${{ parameters.description or 'A Go service' }}",
              repository: "${{ parameters.repoUrl | projectSlug }}",
            },
          },
        },
        {
          id: "environments",
          name: "Write the stacks",
          each: "${{ parameters.environments }}",
          action: "fetch:template",
          input: {
            url: "./environment",
            values: {
              ...given("name", "host", "port", "replicas"),
              environment: "${{ each.value }}",
              // Of the platform team, which replaces them once; `slipway check` rejects them until then.
              platform: {
                region: "<AWS region of the platform, such as eu-central-1>",
                stacks: Object.fromEntries(
                  environments.map((name) => [name, `<stack of the platform, such as organization/platform/${name}>`]),
                ),
              },
            },
          },
        },
        {
          id: "publish",
          name: "Create the repository",
          action: "publish:github",
          input: { repoUrl: "${{ parameters.repoUrl }}", description: "${{ parameters.description }}", defaultBranch: "main" },
        },
        {
          id: "register",
          name: "Register the component",
          action: "catalog:register",
          input: { repoContentsUrl: "${{ steps.publish.output.repoContentsUrl }}", catalogInfoPath: "/catalog-info.yaml" },
        },
      ],
      output: {
        links: [
          { title: "Repository", url: "${{ steps.publish.output.remoteUrl }}" },
          { title: "Component", icon: "catalog", entityRef: "${{ steps.register.output.entityRef }}" },
        ],
      },
    },
  };
}
