import { kubernetesLogs } from "../../../../cli/logs/kubernetes.ts";
import { KubernetesCluster } from "../../../../lib/kubernetes-client.ts";
import { Answer, apiError, HttpApi, type ApiRequest } from "../../http-api.ts";

const container = (state: object) => ({ containerStatuses: [{ name: "web", restartCount: 0, state }] });
const pod = (state: object = { running: {} }) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-1", namespace: "shop", uid: "1", labels: { "app.kubernetes.io/name": "web" } },
  status: container(state),
});
const time = (second: number) => `2026-11-28T10:00:0${second}.000000000Z`;
const text = (lines: string) => new Answer(200, lines, { "content-type": "text/plain" });

/** Follows the logs of a pod, whose answers are given in turn, until there are so many lines. */
async function followed(answers: unknown[], count: number, now: () => unknown = () => pod()) {
  using api = await new HttpApi().open("tcp");
  const stop = new AbortController();
  const logRequests: ApiRequest[] = [];
  let watches = 0;
  api.answers = {
    "GET /api/v1": { resources: [{ name: "pods", kind: "Pod", namespaced: true }] },
    // The second watch does not see a change, and the first has seen only one.
    "GET /api/v1/namespaces/shop/pods": () => text(watches++ === 0 ? `${JSON.stringify({ type: "ADDED", object: pod() })}\n` : ""),
    "GET /api/v1/namespaces/shop/pods/web-1": now,
    "GET /api/v1/namespaces/shop/pods/web-1/log": (request: ApiRequest) => {
      logRequests.push(request);
      return answers.shift() ?? text("");
    },
  };
  const kubeconfig = JSON.stringify({
    ...{ apiVersion: "v1", kind: "Config", "current-context": "a" },
    clusters: [{ name: "a", cluster: { server: api.host, "insecure-skip-tls-verify": true } }],
    users: [{ name: "a", user: {} }],
    contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
  });
  const lines: string[] = [];
  const request = { service: "web", since: undefined, lines: 5, follow: true };
  await kubernetesLogs(new KubernetesCluster(kubeconfig), "shop", "managed=yes", 1).read(
    request,
    (line) => {
      lines.push(line.text);
      // Later, so that a log that is read too often is noticed.
      if (lines.length === count) setTimeout(() => stop.abort(), 50);
    },
    stop.signal,
  );
  return { lines, logRequests };
}

test("a log that the kubelet refuses or ends early goes on where it ended, also if the pod does not change", async () => {
  const [first, second] = [`${time(1)} serving\n`, `${time(2)} ready\n`];
  const { lines, logRequests } = await followed([apiError(500, "not yet"), text(first), text(first + second)], 2);
  expect(lines).toEqual(["serving", "ready"]);
  expect(logRequests.slice(0, 3).map(({ query }) => [query["tailLines"], query["sinceTime"] ?? query["sinceSeconds"]])).toEqual([
    ["5", undefined],
    ["5", undefined],
    [undefined, "2026-11-28T10:00:01.000Z"],
  ]);
});

test("the log of a container that has stopped is read once more, to its end", async () => {
  const answers = [text(`${time(1)} serving\n`), text(`${time(1)} serving\n${time(2)} stopped\n`), text(`${time(3)} impossible\n`)];
  const { lines } = await followed(answers, 2, () => pod({ terminated: {} }));
  expect([lines, answers.length]).toEqual([["serving", "stopped"], 1]);
});
