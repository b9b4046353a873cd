import slipway from "slipway";

/** Deploys the stack file that extends this library. */
export default () => slipway();
