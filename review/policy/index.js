// JavaScript, because Pulumi compiles and type-checks a policy pack in TypeScript at every start.
import "./pack.ts";
