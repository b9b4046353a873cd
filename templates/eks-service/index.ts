import slipway from "slipway";

/** Deploys what the stack file describes. Create your own resources here, and return them with its outputs. */
export default () => slipway();
