// Written by `lextap codegen`. Do not edit.
// From migrations 067357c704bc43ac (sqlite)

import type * as l from 'lextap/lex'

/** Your tables, as the migrations leave them. */
export interface Database {
  account: AccountTable
  follow: FollowTable
  like: LikeTable
  post: PostTable
  profile: ProfileTable
  status: StatusTable
}

/** The columns of each primary key: what `rows.<table>.update` and `.delete` find a row by. */
export interface Keys {
  account: 'did'
  follow: 'uri'
  like: 'uri'
  post: 'uri'
  profile: 'did'
  status: 'uri'
}

export interface AccountTable {
  did: string
  handle: string | null
  status: l.Generated<string>
}

export interface FollowTable {
  uri: string
  did: string
  subject: string
  created_at: string
}

export interface LikeTable {
  uri: string
  did: string
  subject: string
  created_at: string
}

export interface PostTable {
  uri: string
  cid: string
  did: string
  text: string
  reply_parent: string | null
  created_at: string
}

export interface ProfileTable {
  did: string
  display_name: string | null
  description: string | null
  avatar: string | null
}

export interface StatusTable {
  uri: string
  did: string
  status: string
  created_at: string
}
