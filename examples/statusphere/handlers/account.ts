import { onAccount, onIdentity } from '../../../generated/handlers.ts'

export const identity = onIdentity(async ({ did, handle }, { rows }) => {
  await rows.account.upsert({ did, handle })
})

export const account = onAccount(async ({ did, status }, { tx, rows }) => {
  // Any Kysely query works in here too, in the same transaction.
  if (status === 'deleted') await tx.deleteFrom('account').where('did', '=', did).execute()
  else await rows.account.upsert({ did, status })
})
