import type { Rule } from "../impact.ts";

/** What changes of Pulumi's own resources and of Slipway's do. */
export const pulumiRules: Rule[] = [
  {
    id: "image-push",
    type: /^pulumi-nodejs:dynamic\/slipway:Registry\w+$/,
    operations: ["update"],
    path: /./,
    class: "nothing",
    why: "an image is pushed; who runs it is told of by itself",
  },
  {
    id: "image-push-whole",
    type: /^pulumi-nodejs:dynamic\/slipway:Registry\w+$/,
    operations: ["create", "replace", "delete"],
    class: "nothing",
    why: "an image in the registry; who runs it is told of by itself",
  },
  {
    id: "cluster-provider-replaced",
    type: /^pulumi:providers:kubernetes$/,
    operations: ["replace", "delete"],
    class: "cluster or network replacement",
    why: "all that is in the cluster is made anew",
  },
  {
    id: "provider-replaced",
    type: /^pulumi:providers:(aws|docker)$/,
    operations: ["replace", "delete"],
    class: "cluster or network replacement",
    why: "all that it provides is made anew elsewhere",
  },
  {
    id: "provider-updated",
    type: /^pulumi:providers:/,
    operations: ["update"],
    path: /./,
    class: "nothing",
    why: "how it is provided, which changes nothing that is there",
  },
  { id: "provider-created", type: /^pulumi:providers:/, operations: ["create"], class: "nothing", why: "how it is provided" },
];
