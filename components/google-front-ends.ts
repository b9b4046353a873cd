/** Where requests and health checks of Google's load balancers come from, https://cloud.google.com/load-balancing/docs/firewall-rules. */
export const googleFrontEnds = ["35.191.0.0/16", "130.211.0.0/22"];
