export type { SeedRecord } from './bulk.ts'
export { Capture } from './capture.ts'
export type { CarExport, CarOrder } from './car.ts'
export type { AccountEvent, CommitEvent, IdentityEvent, NetworkEvent, SyncEvent } from './event.ts'
export { ActiveFault, type Fault, Faults, type RepoContext, type When } from './faults.ts'
export { ConnectionReset, type Exchange, type Host, type Reply } from './host.ts'
export { type Curve, SigningKey } from './keys.ts'
export { Network, type NetworkOptions, type RepoOptions, startNetwork, type TruthRecord } from './network.ts'
export type { TestPds } from './pds.ts'
export { Random } from './random.ts'
export { COLLECTIONS, RecordMaker, type SandboxCollection } from './records.ts'
export { type CommitResult, type RepoStatus, TestRepo, type Written } from './repo.ts'
export type { RepoRecord, RepoWrite } from './signed-repo.ts'
export type { EventStream, SentFrame } from './stream.ts'
export {
  type TrafficKind,
  type TrafficOptions,
  type TrafficStep,
  type TrafficWeights,
  traffic,
} from './traffic.ts'
export type { RepoBlock } from './tree.ts'
