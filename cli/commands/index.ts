import type { Command } from "../command.ts";
import { check } from "./check.ts";
import { configExplain } from "./config-explain.ts";
import { down } from "./down.ts";
import { drift } from "./drift.ts";
import { gate } from "./gate.ts";
import { images } from "./images.ts";
import { impact } from "./impact.ts";
import { importCommand } from "./import.ts";
import { init } from "./init.ts";
import { lockCommand } from "./lock.ts";
import { login } from "./login.ts";
import { outputs } from "./outputs.ts";
import { parity } from "./parity.ts";
import { preview } from "./preview.ts";
import { rbac } from "./rbac.ts";
import { render } from "./render.ts";
import { report } from "./report.ts";
import { rollback } from "./rollback.ts";
import { score } from "./score.ts";
import { setup } from "./setup.ts";
import { stateExport } from "./state-export.ts";
import { stateImport } from "./state-import.ts";
import { up } from "./up.ts";
import { upgrade } from "./upgrade.ts";

/** All commands, in the order of the help. */
export const commands: Command[] = [
  init,
  check,
  upgrade,
  up,
  preview,
  down,
  outputs,
  rollback,
  rbac,
  stateExport,
  stateImport,
  impact,
  gate,
  report,
  score,
  parity,
  render,
  drift,
  configExplain,
  images,
  lockCommand,
  login,
  importCommand,
  setup,
];
