import { FigureHistory, quantile, ratesOf } from "../../../../cli/dashboard/figures/history.ts";
import { parseTraffic } from "../../../../cli/dashboard/figures/traefik.ts";
import { serviceIn } from "../../../../cli/dashboard/live/kubernetes.ts";
import { Unknown, type Traffic } from "../../../../cli/dashboard/live/source.ts";

const metrics = `# HELP traefik_service_requests_total How many HTTP requests processed on a service.
# TYPE traefik_service_requests_total counter
traefik_service_requests_total{code="200",method="GET",protocol="http",service="shop-local-web-8080@kubernetes"} 40
traefik_service_requests_total{code="503",method="GET",protocol="http",service="shop-local-web-8080@kubernetes"} 2
traefik_service_requests_total{code="200",method="GET",protocol="http",service="other-web-8080@kubernetes"} 7
traefik_service_request_duration_seconds_bucket{code="200",method="GET",protocol="http",service="shop-local-web-8080@kubernetes",le="0.1"} 30
traefik_service_request_duration_seconds_bucket{code="200",method="GET",protocol="http",service="shop-local-web-8080@kubernetes",le="+Inf"} 40
traefik_service_request_duration_seconds_sum{code="200",method="GET",protocol="http",service="shop-local-web-8080@kubernetes"} 4.5
traefik_service_request_duration_seconds_count{code="200",method="GET",protocol="http",service="shop-local-web-8080@kubernetes"} 40
traefik_service_requests_total{code="200",service="a \\"quoted\\" name"} NaN
go_goroutines 21
`;

test("the requests of a service are read from Traefik's metrics, those of all its replicas together", () => {
  const read = parseTraffic([metrics, metrics], (name) => serviceIn(name, "shop-local", ["web"]));
  expect(read).toEqual({
    web: {
      requests: 84,
      errors: 4,
      seconds: 9,
      buckets: [
        [0.1, 60],
        [Infinity, 80],
      ],
    },
  });
});

test("a service of Traefik is that with the longest name that fits, in the stack's namespace", () => {
  const names = ["web", "web-api"];
  expect(serviceIn("shop-web-8080@kubernetes", "shop", names)).toBe("web");
  expect(serviceIn("shop-web-api-8080@kubernetes", "shop", names)).toBe("web-api");
  expect(serviceIn("httproute-shop-web-gw-shop-web-0-shop-web-8080@kubernetesgateway", "shop", names)).toBe("web");
  expect(serviceIn("blog-web-8080@kubernetes", "shop", names)).toBeUndefined();
});

const traffic = (requests: number, errors: number, seconds: number, fast: number): Traffic => ({
  requests,
  errors,
  seconds,
  buckets: [
    [0.1, fast],
    [1, requests],
    [Infinity, requests],
  ],
});

test("rates are those between two reads", () => {
  expect(ratesOf(traffic(30, 5, 4, 10), traffic(10, 1, 2, 10), 10)).toEqual({ requests: 2, errors: 0.4, mean: 0.1, p95: 0.955 });
  expect(ratesOf(traffic(10, 1, 2, 10), traffic(10, 1, 2, 10), 10)).toEqual({ requests: 0, errors: 0 });
});

test("a proxy that has started again has no rate", () => {
  expect(ratesOf(traffic(3, 0, 1, 3), traffic(10, 1, 2, 10), 10)).toBeUndefined();
});

test("a quantile is interpolated in its bucket, as in Prometheus", () => {
  expect(quantile(0.5, [[1, 10], [2, 20], [Infinity, 20]])).toBe(1); // prettier-ignore
  expect(quantile(0.75, [[1, 10], [2, 20], [Infinity, 20]])).toBe(1.5); // prettier-ignore
  expect(quantile(0.99, [[1, 10], [Infinity, 20]])).toBe(1); // prettier-ignore
  expect(quantile(0.95, [[1, 0], [Infinity, 0]])).toBeUndefined(); // prettier-ignore
});

test("the history keeps half an hour of each service, and says what is not known", () => {
  const history = new FigureHistory();
  for (let i = 0; i < 500; i++) history.add(i * 5, { web: traffic(i * 10, 0, i, i) }, { web: { cpu: 0.1, memory: 1000 } });
  const { samples, ...problems } = history.figures;
  expect(problems).toEqual({});
  expect(samples["web"]).toHaveLength(360);
  expect(samples["web"]!.at(-1)).toEqual({
    time: 2495,
    cpu: 0.1,
    memory: 1000,
    requests: 2,
    errors: 0,
    mean: 0.1,
    p95: expect.any(Number) as number,
  });
  const added = history.add(2500, new Unknown("No Traefik."), new Unknown("No metrics server."));
  expect(added).toEqual({ web: { time: 2500 } });
  expect(history.figures).toMatchObject({ trafficProblem: "No Traefik.", usageProblem: "No metrics server." });
});
