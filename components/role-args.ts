/** What an organization demands of all IAM roles. */
export interface RoleArgs {
  /**
   * Path of the roles, such as `/slipway/`, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-friendly-names.
   * A changed path replaces the roles, and with them the cluster.
   *
   * @default "/"
   */
  path?: string;
  /**
   * ARN of the policy that limits what the roles can be allowed, https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html.
   * It must allow what the policies of the roles allow: otherwise nodes do not start, or pods get no permissions.
   *
   * @default - none.
   */
  permissionsBoundary?: string;
}
