// The child process of EngineProject: node run-engine-process.ts COMMAND
import "../lib/lazy-packages.ts"; // before the SDK
import { runEngine, type EngineCommand } from "./run-engine.ts";

process.exit(await runEngine(process.argv[2] as EngineCommand, process.stdout));
