import { styleText } from "node:util";

/** Tells of each test as it ends: suites on real parts take minutes. */
export default class ProgressReporter {
  onTestCaseResult(_test, { status, title, duration }) {
    const mark = status === "passed" ? styleText("green", "✓") : status === "failed" ? styleText("red", "✗") : " ";
    process.stderr.write(`${mark} ${title} (${((duration ?? 0) / 1000).toFixed(1)} s)\n`);
  }
}
