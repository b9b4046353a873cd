import type { Checkout } from "./checkout.ts";
import { attacks, underLoad, type Failure } from "./load.ts";
import { deploy, scenarios } from "./scenarios.ts";
import { sharedCheckout } from "./shared-stack.ts";

let checkout: Checkout;

beforeAll(async () => {
  checkout = sharedCheckout();
  await deploy(checkout);
});

test.each(scenarios.filter(({ isInRolloutTests }) => !isInRolloutTests))(
  "no request fails, except those in flight on a killed pod: $name",
  async ({ run }) => {
    let isExcused: ((failure: Failure) => boolean) | undefined;
    const loads = await underLoad("web.localhost", attacks, async () => {
      isExcused = (await run(checkout)) || undefined;
    });
    expect(loads.map(({ failures }) => failures.filter((failure) => !isExcused?.(failure)))).toEqual([[], []]);
    // Without requests the test would prove nothing.
    for (const { requests } of loads) expect(requests).toBeGreaterThan(20);
  },
);
