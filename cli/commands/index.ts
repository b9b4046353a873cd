import type { Command } from "../command.ts";
import { check } from "./check.ts";
import { ci } from "./ci.ts";
import { configExplain } from "./config-explain.ts";
import { dashboard } from "./dashboard.ts";
import { dev } from "./dev.ts";
import { down } from "./down.ts";
import { drift } from "./drift.ts";
import { gate } from "./gate.ts";
import { history } from "./history.ts";
import { images } from "./images.ts";
import { impact } from "./impact.ts";
import { importCommand } from "./import.ts";
import { init } from "./init.ts";
import { keysCreate } from "./keys-create.ts";
import { keysRotate } from "./keys-rotate.ts";
import { lockCommand } from "./lock.ts";
import { logs } from "./logs.ts";
import { login } from "./login.ts";
import { outputs } from "./outputs.ts";
import { parity } from "./parity.ts";
import { preview } from "./preview.ts";
import { promote } from "./promote.ts";
import { rbac } from "./rbac.ts";
import { releases } from "./releases.ts";
import { render } from "./render.ts";
import { report } from "./report.ts";
import { restart } from "./restart.ts";
import { reviewDown } from "./review-down.ts";
import { reviewList } from "./review-list.ts";
import { reviewReap } from "./review-reap.ts";
import { reviewUp } from "./review-up.ts";
import { rollback } from "./rollback.ts";
import { scale } from "./scale.ts";
import { scan } from "./scan.ts";
import { score } from "./score.ts";
import { setup } from "./setup.ts";
import { stateExport } from "./state-export.ts";
import { stateImport } from "./state-import.ts";
import { status } from "./status.ts";
import { up } from "./up.ts";
import { upgrade } from "./upgrade.ts";
import { verify } from "./verify.ts";

/** All commands, in the order of the help. */
export const commands: Command[] = [
  init,
  check,
  ci,
  upgrade,
  up,
  preview,
  dev,
  down,
  outputs,
  status,
  logs,
  dashboard,
  rollback,
  restart,
  scale,
  promote,
  history,
  releases,
  rbac,
  stateExport,
  stateImport,
  reviewUp,
  reviewDown,
  reviewList,
  reviewReap,
  impact,
  gate,
  report,
  score,
  scan,
  parity,
  render,
  drift,
  configExplain,
  images,
  lockCommand,
  keysCreate,
  keysRotate,
  verify,
  login,
  importCommand,
  setup,
];
