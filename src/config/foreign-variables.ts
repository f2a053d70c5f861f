/** Variables that begin with AUREX_ and come from an orchestrator: Kubernetes and Docker describe services in that way. */

/** `AUREX_SERVICE_HOST`, `AUREX_SERVICE_PORT_API`, `AUREX_PORT_13245_TCP_ADDR`, also of a service `aurex-pool`. */
const serviceNames =
  /^AUREX_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;
/** `AUREX_PORT=tcp://10.0.0.1:13245`. */
const linkName = /^AUREX_(?:\w+_)?PORT$/;
const linkValue = /^(?:tcp|udp|sctp):\/\/\S+:\d+$/;
/** `AUREX_NAME=/web/aurex` of a container that is linked in Docker's old way. */
const containerName = /^AUREX_(?:\w+_)?NAME$/;
const containerValue = /^\/[^/]+\/[^/]+$/;

/** True if an orchestrator set this variable to describe a service named aurex or aurex-…, and no operator did. */
export function isForeignVariable(variable: string, value: string): boolean {
  return (
    serviceNames.test(variable) ||
    (linkName.test(variable) && linkValue.test(value)) ||
    (containerName.test(variable) && containerValue.test(value))
  );
}

/** What to tell an operator about such variables, which are ignored; undefined if there are none. */
export function foreignVariablesNote(
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const names = Object.entries(environment)
    .filter(([variable, value]) => value !== undefined && isForeignVariable(variable, value))
    .map(([variable]) => variable);
  if (names.length === 0) return undefined;
  return `ignored ${names.join(", ")}: an orchestrator sets them for a service named aurex. To switch them off set enableServiceLinks: false in the pod's spec, or give the service another name; a setting of this node is given by a flag, a config file or its variable in the container's own env`;
}
