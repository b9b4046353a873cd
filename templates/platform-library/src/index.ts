export { TeamService, type TeamServiceArgs } from "./team-service.ts";
