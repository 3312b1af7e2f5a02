import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'
import { BlockList, isIP, isIPv4, type LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { LextapError } from '../errors.ts'

/** Everything of IPv4 that is not a host on the public internet (IANA special-purpose registry, multicast, 240/4). */
const REFUSED_V4 = blocks('ipv4', [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
])
/** IPv6 is the other way round: only global unicast is public, and these parts of it are not. */
const GLOBAL_V6 = blocks('ipv6', [['2000::', 3]])
const REFUSED_V6 = blocks('ipv6', [
  ['2001::', 23], // protocol assignments: Teredo (an IPv4 address in disguise), ORCHID, benchmarking
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4: an IPv4 address in disguise
  ['3fff::', 20],
])

function blocks(type: 'ipv4' | 'ipv6', subnets: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList()
  for (const [net, prefix] of subnets) list.addSubnet(net, prefix, type)
  return list
}

/**
 * Whether an IP address belongs to a host on the public internet (rule F10). IPv4 inside IPv6 (mapped
 * `::ffff:…`, NAT64 `64:ff9b::…`) is judged by the IPv4 address. Anything that is no IP address is not public.
 */
export function isPublicAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$|%.*$/g, '')
  if (isIPv4(bare)) return !REFUSED_V4.check(bare)
  if (isIP(bare) !== 6) return false
  const embedded = embeddedIPv4(bare)
  if (embedded !== null) return !REFUSED_V4.check(embedded)
  return GLOBAL_V6.check(bare, 'ipv6') && !REFUSED_V6.check(bare, 'ipv6')
}

function embeddedIPv4(address: string): string | null {
  // The URL parser writes every IPv6 address in one way: lower case, no zeros, no dotted tail.
  const canonical = URL.parse(`http://[${address}]/`)?.hostname.slice(1, -1) ?? ''
  const match = /^(?:::ffff:|64:ff9b::)(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})$/.exec(canonical)
  if (match === null) return null
  const high = Number.parseInt(match[1] ?? '0', 16)
  const low = Number.parseInt(match[2] ?? '0', 16)
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** A host is, or resolves to, an address we do not talk to. */
export class PrivateAddressError extends LextapError {
  override readonly name = 'PrivateAddressError'
  constructor(host: string, address: string) {
    super(
      `refused to connect to a private address; host=${host}; address=${address}; backfill.allowPrivateHosts allows it`,
      { code: 'private-address' },
    )
  }
}

type Resolve = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/**
 * `dns.lookup` without the private addresses in its answer; an error when there were no others. The socket
 * connects to what this returned, so a name cannot change its mind in between (DNS rebinding).
 */
export function guardedLookup(resolve: Resolve = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '')
      const open = addresses.filter((a) => isPublicAddress(a.address))
      const [first] = open
      if (first === undefined) {
        callback(new PrivateAddressError(hostname, addresses[0]?.address ?? 'none'), '')
      } else if (options.all) callback(null, open)
      else callback(null, first.address, first.family)
    })
  }
}

/** Connector for an undici agent that refuses private addresses, literal or resolved (rule F10). */
export function guardedConnector(options: {
  readonly allowPrivateHosts: boolean
  /**
   * What may be private: base URLs (that host and port alone) or bare host names (any port). Those the operator
   * named himself.
   */
  readonly trustedHosts?: readonly string[]
  /** Time for DNS, TCP and TLS together, ms. */
  readonly timeoutMs: number
  readonly lookup?: Resolve
}): buildConnector.connector {
  // HTTP/1.1 only: one slow body must not hold back others on a shared connection.
  const base = { timeout: options.timeoutMs, allowH2: false }
  const open = buildConnector(base)
  if (options.allowPrivateHosts) return open
  const trusted = new Set(options.trustedHosts?.map(trustKey))
  const connect = buildConnector({ ...base, lookup: guardedLookup(options.lookup) })
  return (target, callback) => {
    const literal = target.hostname.replace(/^\[|\]$/g, '')
    const origin = `${target.protocol}//${target.host ?? target.hostname}`
    if (trusted.has(literal) || trusted.has(origin)) return open(target, callback)
    // A literal address never passes through the lookup.
    if (isIP(literal) !== 0 && !isPublicAddress(literal)) {
      callback(new PrivateAddressError(target.hostname, literal), null)
    } else connect(target, callback)
  }
}

/** The origin of a base URL; a host name as it stands, without brackets. */
function trustKey(host: string): string {
  if (/^https?:\/\//i.test(host)) return new URL(host).origin
  return host.toLowerCase().replace(/^\[|\]$/g, '')
}
