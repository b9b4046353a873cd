import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const rbac = defineCommand({
  name: "rbac",
  group: CommandGroup.Deploy,
  summary: "Print the least rights with which the stack can be deployed to its cluster",
  description:
    "A Role in the stack's namespace and a ClusterRole, as YAML for kubectl apply. They are computed from the stack's objects, so apply them again when it has objects of other kinds. Only for the platform kubernetes with a given namespace, and for templates of review environments: for those, a ClusterRole.",
  options: {
    stack: stackOption,
    subject: { value: "subject", summary: "also bind them to user:<name>, group:<name> or serviceaccount:<namespace>/<name>" },
    json: jsonOption,
  },
  examples: [
    {
      command: "slipway rbac --stack prod --subject serviceaccount:ci/deployer | kubectl apply -f -",
      summary: "let a pipeline deploy the stack",
    },
  ],
  async run({ stack: name, subject: given, json }) {
    const [{ stringify }, { platformOf, readStack, settingsIn }, { StateLocation }, { registrationsOf }, permissions, { UserError }] =
      await Promise.all([
        import("yaml"),
        import("../../config/stack-file.ts"),
        import("../../config/schema/kubernetes.ts"),
        import("../../review/render/registrations.ts"),
        import("../../review/render/permissions.ts"),
        import("../../lib/user-error.ts"),
      ]);
    const stack = readStack(name);
    const { namespace, state } = settingsIn(stack, "kubernetes");
    if (platformOf(stack) !== "kubernetes")
      throw new UserError(
        `Stack "${name}" is on the platform ${platformOf(stack)}. Only stacks on kubernetes are deployed with rights of somebody else's cluster.`,
      );
    // An environment has a namespace, its template has not.
    if (typeof namespace !== "string" && !("slipway:review" in stack.config))
      throw new UserError(
        `slipway:kubernetes.namespace: is required for slipway rbac, because a Role is in a namespace, and only an administrator can create one. Create the namespace, and set its name.`,
      );
    const subject = given === undefined ? undefined : permissions.parseSubject(given);
    if (given !== undefined && subject === undefined)
      throw new UserError(`--subject: must be user:<name>, group:<name> or serviceaccount:<namespace>/<name> (got "${given}").`);
    const resources = await registrationsOf(stack);
    const isDeveloped = stack.config["slipway:dev"] === "true";
    const hasState = state !== StateLocation.File;
    const roles =
      typeof namespace === "string"
        ? permissions.rolesOf(resources, stack.project, { namespace, hasState, isDeveloped })
        : [permissions.environmentRoleOf(resources, stack.project)];
    const objects = [...roles, ...(subject ? permissions.bindingsOf(roles, subject) : [])];
    const text = json
      ? JSON.stringify(objects, null, 2)
      : objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join("---\n");
    process.stdout.write(`${text.trimEnd()}\n`);
    return ExitCode.Success;
  },
});
