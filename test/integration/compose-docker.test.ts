import { composeShop } from "./compose-shop.ts";

test("an imported Compose project with nginx, a Go service, PostgreSQL and a migration runs on docker, and keeps its data", async () => {
  await composeShop("docker");
});
