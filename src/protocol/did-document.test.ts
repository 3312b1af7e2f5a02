import { expect, test } from 'vitest'
import { readDidDocument } from './did-document.ts'

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const multibase = 'zQ3shunBKsXixLxKtC5qeSG9E4J5RkGN57im31pcTzbNQnm5w'
const whole = {
  '@context': ['https://www.w3.org/ns/did/v1'],
  id: did,
  alsoKnownAs: ['at://alice.example'],
  verificationMethod: [
    { id: `${did}#atproto`, type: 'Multikey', controller: did, publicKeyMultibase: multibase },
  ],
  service: [
    { id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: 'https://pds.example' },
  ],
}
const read = (fields: object) => readDidDocument(did, { ...whole, ...fields })

test('handle, PDS and key of a document', () => {
  expect(read({})).toEqual({
    did,
    claimedHandle: 'alice.example',
    pds: 'https://pds.example',
    key: { type: 'Multikey', multibase },
  })
})

test.each([null, 'text', 7, [], [whole], {}, { ...whole, id: 'did:plc:another' }, { ...whole, id: 7 }])(
  'what is no document of this DID is refused: %j',
  (value) => {
    expect(readDidDocument(did, value)).toBe(null)
  },
)

test('ids may be relative or in full', () => {
  const [method] = whole.verificationMethod
  const [service] = whole.service
  const relative = { ...method, id: '#atproto' }
  const full = { ...service, id: `${did}#atproto_pds` }
  expect(read({ verificationMethod: [relative], service: [full] })).toMatchObject({
    pds: 'https://pds.example',
    key: { multibase },
  })
  const foreign = { ...method, id: 'did:plc:another#atproto' }
  expect(read({ verificationMethod: [foreign] })).toMatchObject({ key: null })
})

test('odd neighbours do not matter', () => {
  const junk = [null, 7, 'x', [], {}, { id: 7 }, { id: '#other', type: 'X', publicKeyMultibase: 3 }]
  expect(
    read({
      '@context': 7,
      alsoKnownAs: [null, 5, '', 'https://x', 'at://', 'at://not_a_handle', 'at://Alice.Example'],
      verificationMethod: [...junk, ...whole.verificationMethod],
      service: [...junk, ...whole.service],
    }),
  ).toMatchObject({ claimedHandle: 'alice.example', pds: 'https://pds.example', key: { multibase } })
})

test('the first of several counts', () => {
  const [service] = whole.service
  const two = [service, { ...service, serviceEndpoint: 'https://second.example' }]
  expect(read({ service: two, alsoKnownAs: ['at://first.example', 'at://second.example'] })).toMatchObject({
    claimedHandle: 'first.example',
    pds: 'https://pds.example',
  })
})

test('missing or malformed parts are null', () => {
  const empty = { claimedHandle: null, pds: null, key: null }
  expect(readDidDocument(did, { id: did })).toEqual({ did, ...empty })
  expect(read({ alsoKnownAs: 'x', service: 'x', verificationMethod: 'x' })).toEqual({ did, ...empty })
  expect(read({ alsoKnownAs: {}, service: {}, verificationMethod: {} })).toEqual({ did, ...empty })
})

test.each([
  ['https://pds.example/', 'https://pds.example'],
  ['https://PDS.example', 'https://pds.example'],
  ['https://pds.example:8443', 'https://pds.example:8443'],
  ['http://pds.example', 'http://pds.example'],
  ['https://pds.example/path', null],
  ['https://pds.example?q', null],
  ['https://user@pds.example', null],
  ['ftp://pds.example', null],
  ['pds.example', null],
  ['', null],
  [`https://${'x'.repeat(600)}.example`, null],
  [{ uri: 'https://pds.example' }, null],
])('endpoint %j is the PDS %j', (serviceEndpoint, pds) => {
  const service = [{ ...whole.service[0], serviceEndpoint }]
  expect(read({ service })?.pds).toBe(pds)
})

test('another type of service is not the PDS', () => {
  expect(read({ service: [{ ...whole.service[0], type: 'Other' }] })?.pds).toBe(null)
  const types = ['Other', 'AtprotoPersonalDataServer']
  expect(read({ service: [{ ...whole.service[0], type: types }] })?.pds).toBe('https://pds.example')
})
