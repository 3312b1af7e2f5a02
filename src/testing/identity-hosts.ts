import type { Handle } from './host.ts'
import { json } from './host.ts'
import type { TestRepo } from './repo.ts'

/** The DID document the directory gives out for a repo: what was last published, not what is true now. */
export function didDocument(repo: TestRepo): Record<string, unknown> {
  const { handle, host, signingKey } = repo.published
  return {
    '@context': [
      'https://www.w3.org/ns/did/v1',
      'https://w3id.org/security/multikey/v1',
      'https://w3id.org/security/suites/secp256k1-2019/v1',
    ],
    id: repo.did,
    alsoKnownAs: [`at://${handle}`],
    verificationMethod: [
      {
        id: `${repo.did}#atproto`,
        type: 'Multikey',
        controller: repo.did,
        publicKeyMultibase: signingKey.slice('did:key:'.length),
      },
    ],
    service: [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: host.url }],
  }
}

/** `GET /:did`, as plc.directory answers it. */
export function plcDirectory(find: (did: string) => TestRepo | null): Handle {
  return (exchange) => {
    if (exchange.path === '/_health') return json({ version: 'sandbox' })
    const did = exchange.did ?? ''
    const repo = find(did)
    if (repo === null || !did.startsWith('did:plc:'))
      return json({ message: `DID not registered: ${did}` }, 404)
    if (repo.tombstoned) return json({ message: `DID not available: ${did}` }, 410)
    return json(didDocument(repo), 200, { 'content-type': 'application/did+ld+json; charset=utf-8' })
  }
}

/** `/.well-known/atproto-did` for handles asked by Host header, `/.well-known/did.json` for a did:web. */
export function wellKnown(byHandle: (handle: string) => TestRepo | null, web: () => TestRepo | null): Handle {
  return (exchange) => {
    if (exchange.path === '/.well-known/atproto-did') {
      const repo = byHandle((exchange.headers.host ?? '').replace(/:\d+$/, '').toLowerCase())
      if (repo !== null) return { status: 200, headers: { 'content-type': 'text/plain' }, body: repo.did }
    }
    const repo = exchange.path === '/.well-known/did.json' ? web() : null
    if (repo !== null && !repo.tombstoned) return json(didDocument(repo))
    return { status: 404, headers: { 'content-type': 'text/plain' }, body: 'User not found' }
  }
}
