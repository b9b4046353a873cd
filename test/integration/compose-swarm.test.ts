import { docker } from "./checkout.ts";
import { composeShop } from "./compose-shop.ts";

test("an imported Compose project with nginx, a Go service, PostgreSQL and a migration runs on swarm, and keeps its data", async () => {
  // Other suites of the lane may have created the swarm.
  const isInSwarm = ((await docker.info()) as { Swarm: { ControlAvailable: boolean } }).Swarm.ControlAvailable;
  if (!isInSwarm) await docker.swarmInit({ ListenAddr: "127.0.0.1:2377", AdvertiseAddr: "127.0.0.1" });
  try {
    await composeShop("swarm");
  } finally {
    if (!isInSwarm) await docker.swarmLeave({ force: true });
  }
});
