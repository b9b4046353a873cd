// npm run check: all checks, and the tests that need neither Docker nor other programs.
import { finish, staticChecks, sum, testSuites } from "./checks.ts";

finish(sum([await staticChecks(), await testSuites("unit")]));
