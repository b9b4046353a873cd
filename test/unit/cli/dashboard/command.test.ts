import { commandOf } from "../../../../cli/dashboard/page/command.ts";

test.each([
  [{ kind: "rollback", service: "web" }, "slipway rollback --service web --stack prod"],
  [{ kind: "restart", service: "web" }, "slipway restart web --stack prod"],
  [{ kind: "scale", service: "web", replicas: 3 }, "slipway scale web --replicas 3 --stack prod"],
] as const)("the command of %j is shown as it is run", (action, command) => {
  expect(commandOf(action, "prod")).toBe(command);
});
