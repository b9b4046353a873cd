import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { stringify } from "yaml";
import { Checkout, docker, dockerPorts, eventually, otherPort } from "./checkout.ts";
import { composeShop } from "./compose-shop.ts";
import { debianImage } from "./debian-images.ts";

test("an imported Compose project with nginx, a Go service, PostgreSQL and a migration runs on docker, and keeps its data", async () => {
  await composeShop("docker");
});

test("MariaDB and RabbitMQ are imported as they are, and clients reach their published ports", async () => {
  const stack = "compose-shop-servers";
  const [database, queue] = [otherPort + 3, otherPort + 4];
  // Of a registry that does not answer: only the Docker Engine has them, because a push of these takes half a minute of processor time.
  const images = { mariadb: `127.0.0.1:${otherPort + 1}/mariadb`, rabbitmq: `127.0.0.1:${otherPort + 1}/rabbitmq` };
  for (const name of ["mariadb", "rabbitmq"] as const) await docker.getImage(debianImage(name)).tag({ repo: images[name], tag: "1" });
  await using checkout = new Checkout(stack, "docker");
  const services = {
    db: {
      image: `${images.mariadb}:1`,
      environment: { MARIADB_ROOT_PASSWORD: "Hunter22" },
      volumes: ["data:/var/lib/mysql"],
      ports: [`${database}:3306`],
    },
    queue: { image: `${images.rabbitmq}:1`, volumes: ["queue:/var/lib/rabbitmq"], ports: [`${queue}:5672`] },
  };
  writeFileSync(join(checkout.folder, "compose.yaml"), stringify({ services, volumes: { data: {}, queue: {} } }));
  expect((await checkout.run("import", {}, ["--platform", "docker"])).code).toBe(0);
  const file = join(checkout.folder, `stacks/Pulumi.${stack}.yaml`);
  writeFileSync(file, readFileSync(file, "utf8") + stringify({ "slipway:docker": { ports: dockerPorts } }).replace(/^(?=.)/gm, "  "));
  const { code, out } = await checkout.run("up", { CI: "" });
  expect({ code, out }).toEqual({
    code: 0,
    out: expect.stringContaining(`db  tcp://127.0.0.1:${database}  tcp-3306  accepts connections`),
  });
  // The greeting of MariaDB, and what RabbitMQ answers to the header of AMQP 0-9-1: connection.start.
  await eventually(
    () => answerOf(database, ""),
    (answer) => /^.{4}\n5\.5\.5-\d+\.\d+\.\d+-MariaDB/s.test(answer),
  );
  await eventually(
    () => answerOf(queue, "AMQP\0\0\x09\x01"),
    (answer) => /^\x01\0\0.{4}\0\x0a\0\x0a/s.test(answer), // oxlint-disable-line no-control-regex -- a binary protocol
  );
  for (const image of Object.values(images)) await docker.getImage(`${image}:1`).remove();
});

/** The first packet of a server's answer, one character for each byte. */
function answerOf(port: number, text: string): Promise<string> {
  return new Promise((done, failed) => {
    const socket = connect({ host: "127.0.0.1", port, timeout: 5000 }, () => socket.write(text, "latin1"));
    socket.once("data", (data) => {
      done(data.toString("latin1"));
      socket.destroy();
    });
    socket.on("timeout", () => socket.destroy(new Error("no answer within 5 s")));
    socket.on("error", failed);
  });
}
