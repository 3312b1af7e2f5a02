export type { SeedRecord } from './bulk.ts'
export { Capture } from './capture.ts'
export type { CarExport, CarOrder } from './car.ts'
export {
  extraBlocks,
  type Forgery,
  flippedCarBit,
  foreignRepo,
  forgedTree,
  missingBlock,
  oldRevision,
  repeatedBlocks,
  shuffledBlocks,
  truncatedCar,
  wrongCommit,
  wrongRoot,
} from './car-faults.ts'
export {
  legacyCommits,
  loseEvents,
  lyingCommits,
  lyingSyncs,
  repeatEvents,
  swapEvents,
} from './commit-faults.ts'
export { COMMIT_LIES, type CommitLie } from './commit-lies.ts'
export type { AccountEvent, CommitEvent, IdentityEvent, NetworkEvent, SyncEvent } from './event.ts'
export { ActiveFault, type Fault, Faults, type RepoContext, type When } from './faults.ts'
export {
  dropFrames,
  duplicateFrames,
  errorFrames,
  flipFrameBits,
  garbageFrames,
  hangUp,
  infoFrames,
  lengthenFrames,
  oversizedFrames,
  renumberFrames,
  reorderFrames,
  textFrames,
  truncateFrames,
  unknownFrames,
} from './frame-faults.ts'
export { ConnectionReset, type Exchange, type Host, type Reply } from './host.ts'
export {
  endlessBody,
  failWith,
  gzipBomb,
  htmlPage,
  rateLimit,
  redirect,
  resetConnection,
  rewriteJson,
  slowDrip,
  stall,
  stallBody,
  truncateBody,
} from './http-faults.ts'
export { type Curve, SigningKey } from './keys.ts'
export { Network, type NetworkOptions, type RepoOptions, startNetwork, type TruthRecord } from './network.ts'
export type { TestPds } from './pds.ts'
export { Random } from './random.ts'
export { COLLECTIONS, RecordMaker, type SandboxCollection } from './records.ts'
export { type CommitResult, type RepoStatus, TestRepo, type Written } from './repo.ts'
export type { RepoRecord, RepoWrite } from './signed-repo.ts'
export type { EventStream, SentFrame } from './stream.ts'
export { createTestTap, type TestTap, type TestTapOptions } from './tap.ts'
export {
  type TrafficKind,
  type TrafficOptions,
  type TrafficStep,
  type TrafficWeights,
  traffic,
} from './traffic.ts'
export type { RepoBlock } from './tree.ts'
