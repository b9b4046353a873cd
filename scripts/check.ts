// npm run check: all checks, and the tests that need neither Docker nor other programs.
import { finish, staticChecks, sum } from "./checks.ts";
import { Suites } from "./suites.ts";

const checked = await staticChecks();
const suites = new Suites();
await suites.run("unit");
finish(sum([checked, suites.count()]), suites.failures());
