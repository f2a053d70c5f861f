/** The rows of a ledger file's data dictionary and of its README, as this program knows them; made by `npm run shipped-schema`. */

/** Table, column, meaning, unit and source, each behind a tab but the first. */
export const shippedDictionary: readonly string[] = `
README		What this file is, and what reads it: SELECT text FROM README ORDER BY line		
README	line	number of the line, from 1		export
README	text	the line		export
meta		One row for each chain in this file; the cursor is written in the same transaction as the rows up to it		
meta	chain_id	SHA-256 of genesis_bytes, hex		genesis
meta	name	the network's name		genesis
meta	consensus	pow or poa		genesis
meta	genesis_hash	hash of block 0, hex		genesis
meta	genesis_bytes	the genesis spec (SSZ)		genesis
meta	reward_maturity_blocks	what a block earns is its producer's to spend once this many blocks stand on it	blocks	genesis
meta	chain_number	the chain's number in this file, from 1		export
meta	first_index	index of the first block in this file: 0, unless the file is an excerpt, which no audit can call complete	blocks	export
meta	cursor_index	index of the last block in this file	blocks	export
meta	cursor_hash	hash of that block, hex		export
meta	final_index	index of the last final block in this file: the rows of higher blocks can still be replaced; NULL: not known	blocks	export
meta	final_hash	hash of that block, hex		export
meta	final_certificate	the finality certificate (SSZ) that makes that block final: a quorum's votes for a block above it; NULL in Proof of Work, where final is block 0, and where the export does not know it		export
meta	updated_at_ms	when the export last wrote	ms since 1970, UTC	export
users		User accounts: names registered on the chain		
users	name	the registered name, unique on its chain		chain
users	account	address of the account that bears the name		chain
users	registered_in	index of the block that registered it		chain
users	registered_at_ms	time of that block	ms since 1970, UTC	chain
users	transaction_id	the transaction that registered it		chain
users	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
users	origin	chain: follows from the chain		chain
nodes		P2P node registry: what nodes said of themselves in signed records; not part of any chain		
nodes	node_id	libp2p peer id of the node's key		observed
nodes	name	the name that the node gives itself		observed
nodes	host	host of its first address		observed
nodes	port	TCP port of its first address		observed
nodes	addresses	JSON array of its multiaddrs		observed
nodes	engine	consensus engine: pow or poa		observed
nodes	role	follower, miner or authority		observed
nodes	height	height of its head when it signed the record	blocks	observed
nodes	version	the software that it says it runs		observed
nodes	first_seen_ms	when the export first saw a record of it	ms since 1970, UTC	observed
nodes	last_seen_ms	when the export last saw a record of it	ms since 1970, UTC	observed
nodes	record_timestamp_ms	the node's own clock in the record	ms since 1970, UTC	observed
nodes	record_bytes	the signed record (SSZ)		observed
nodes	chain_id	the chain that it says it follows; may be one that this file does not hold		observed
nodes	origin	observed: claimed by the node, not by a chain		observed
blocks		Blocks of the canonical chains		
blocks	index	height; block 0 is the genesis block	blocks	chain
blocks	timestamp	time of the block; exact in timestamp_ms	seconds since 1970, UTC	chain
blocks	data	JSON array of what its first 8 transactions do: objects with kind, from, to, amount, asset and data in this order, each only where there is one; names as of the end of the block, amounts without needless zeros, data cut to 80 characters; of more transactions a last object says how many: more. Without spaces, as JSON.stringify writes it		chain
blocks	previous_hash	hash of the parent block, hex; zeros in block 0		chain
blocks	nonce	Proof of Work: the counting nonce (bytes 0..7 of nonce_bytes); NULL over 2^63 - 1		chain
blocks	hash	SHA256(SHA256(header_bytes) || nonce_bytes), hex		chain
blocks	miner	Proof of Work: the producer's registered name as of the end of this block, else its address		chain
blocks	signer_id	Proof of Authority: node id of the authority that sealed the block		chain
blocks	signature	Proof of Authority: SIG_{signer_id}_{hash}_{Ed25519 signature in hex}		chain
blocks	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
blocks	timestamp_ms	time of the block	ms since 1970, UTC	chain
blocks	timestamp_iso	time of the block, ISO 8601; NULL after the year 9999	UTC	chain
blocks	producer	address of the producer's account; NULL in block 0		chain
blocks	transaction_count	transactions in the block		chain
blocks	header_version	header field version		chain
blocks	transactions_root	SSZ root of the transactions, hex		chain
blocks	state_root	SSZ root of the ledger after the block, hex		chain
blocks	consensus_root	SSZ root of consensus_bytes, hex		chain
blocks	consensus_state_hash	SHA256 of the consensus engine's state after the block, hex; zeros in block 0		chain
blocks	target	Proof of Work: the highest hash allowed, hex; else zeros		chain
blocks	extra_data	the producer's note: 32 bytes, hex		chain
blocks	cumulative_weight	the engine's measure for fork choice up to here, decimal		chain
blocks	reward_units	reward by the chain's schedule, without fees, exact; NULL where there is none or where it is over 2^63 - 1 (then see reward_units_large)	base units	chain
blocks	reward_units_large	reward by the chain's schedule, without fees, exact decimal digits, only where it is over 2^63 - 1 and so does not fit reward_units	base units	chain
blocks	reward_text	reward by the chain's schedule, without fees as decimal text with all places of the asset, exact	asset	chain
blocks	fees_units	fees of its transactions, exact; NULL where there is none or where it is over 2^63 - 1 (then see fees_units_large)	base units	chain
blocks	fees_units_large	fees of its transactions, exact decimal digits, only where it is over 2^63 - 1 and so does not fit fees_units	base units	chain
blocks	fees_text	fees of its transactions as decimal text with all places of the asset, exact	asset	chain
blocks	header_bytes	the header (SSZ): what the hash commits to		chain
blocks	nonce_bytes	the seal's 32-byte nonce; zeros in Proof of Authority		chain
blocks	seal_signature	the seal's Ed25519 signature; empty in Proof of Work		chain
blocks	consensus_bytes	the consensus section (SSZ)		chain
blocks	origin	genesis: block 0; else chain		chain
transactions		Transactions of the canonical chains		
transactions	id	SHA256('aurex/tx/1' || chain id || bytes without the signature), hex		chain
transactions	from_user	the sender's registered name as of the end of this block, else its address		chain
transactions	to_user	transfer: the receiver; registerUser: the sender; issueAsset: the issuer; authorityVote: the node voted on; each by its registered name as of the end of this block, else its address; else NULL		chain
transactions	amount	rounded to a floating-point number; sums belong to amount_units	asset	chain
transactions	timestamp	the sender's clock, ISO 8601; NULL after the year 9999	UTC	chain
transactions	block_id	index of the block that holds it		chain
transactions	status	committed: in the canonical chain; whether that can still change, transactions_with_finality says		chain
transactions	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
transactions	position	place in the block, from 0		chain
transactions	kind	transfer, record, registerUser, issueAsset or authorityVote		chain
transactions	from_account	address of the sender		chain
transactions	to_account	address that receives the amount or the name, or that the vote is about		chain
transactions	asset_id	AUR, or the id of the transaction that issued the asset; NULL without an amount		chain
transactions	decimals	decimal places of the asset		chain
transactions	amount_units	the amount transferred or issued, exact; NULL where there is none or where it is over 2^63 - 1 (then see amount_units_large)	base units	chain
transactions	amount_units_large	the amount transferred or issued, exact decimal digits, only where it is over 2^63 - 1 and so does not fit amount_units	base units	chain
transactions	amount_text	the amount transferred or issued as decimal text with all places of the asset, exact	asset	chain
transactions	fee_units	the fee in AUR, exact; NULL where there is none or where it is over 2^63 - 1 (then see fee_units_large)	base units	chain
transactions	fee_units_large	the fee in AUR, exact decimal digits, only where it is over 2^63 - 1 and so does not fit fee_units	base units	chain
transactions	fee_text	the fee in AUR as decimal text with all places of the asset, exact	asset	chain
transactions	sequence	number of the transaction in its sender's account, from 0		chain
transactions	valid_until	last block index that may hold it; 0 = no limit		chain
transactions	timestamp_ms	the sender's clock	ms since 1970, UTC	chain
transactions	data	memo, recorded data, registered name, asset metadata or the vote in words; 0x and hex where it is no plain text		chain
transactions	bytes	the transaction (SSZ), with its signature		chain
transactions	signature	the sender's Ed25519 signature over the id, hex		chain
transactions	transaction_key	chain_number * 2^49 + block_id * 2^13 + position: rows in the order of the chain		chain
transactions	origin	chain: follows from the chain		chain
assets		Digital assets: AUR, and what accounts have issued		
assets	asset_id	AUR, or the id of the transaction that issued it		chain
assets	symbol	short name; not unique		chain
assets	name	name		chain
assets	decimals	decimal places: amount = units / 10^decimals		chain
assets	supply_units	units that came into being with it; AUR: the genesis allocations, exact; NULL where there is none or where it is over 2^63 - 1 (then see supply_units_large)	base units	chain
assets	supply_units_large	units that came into being with it; AUR: the genesis allocations, exact decimal digits, only where it is over 2^63 - 1 and so does not fit supply_units	base units	chain
assets	supply_text	units that came into being with it; AUR: the genesis allocations as decimal text with all places of the asset, exact	asset	chain
assets	issuer	the issuer's registered name as of the end of that block, else its address; NULL for AUR		chain
assets	issuer_account	address of the issuer; NULL for AUR		chain
assets	metadata	what the issuer wrote; 0x and hex where it is no plain text		chain
assets	issued_in	index of the block that holds the issue		chain
assets	issued_at_ms	time of that block	ms since 1970, UTC	chain
assets	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
assets	origin	genesis: AUR; else chain		chain
mining_pool		Mining coordination: who mined on a Proof of Work chain, what it has earned and was paid; a pool's blocks stand with the pool's account under solo, and again with the members that found them		
mining_pool	member	address of the miner's account		chain
mining_pool	node_id	node id of the same key, to find the miner's name in nodes		chain
mining_pool	pool	solo, or the address of the pool's account		chain
mining_pool	blocks_found	blocks in the canonical chain; of a pool's member: found by it	blocks	chain
mining_pool	shares_accepted	accepted shares; NULL for a solo miner	shares	observed
mining_pool	shares_rejected	rejected shares; NULL for a solo miner	shares	observed
mining_pool	hash_rate	from accepted shares; NULL for a solo miner	hashes per second	observed
mining_pool	rewards_due_units	earned: rewards and fees of blocks in the chain, mature or not, exact; NULL where there is none or where it is over 2^63 - 1 (then see rewards_due_units_large)	base units	chain
mining_pool	rewards_due_units_large	earned: rewards and fees of blocks in the chain, mature or not, exact decimal digits, only where it is over 2^63 - 1 and so does not fit rewards_due_units	base units	chain
mining_pool	rewards_due_text	earned: rewards and fees of blocks in the chain, mature or not as decimal text with all places of the asset, exact	asset	chain
mining_pool	rewards_paid_units	paid: payments in the chain; to a solo miner: what is mature; what is owed is rewards_due less rewards_paid, below zero if a block that was paid for has left the chain, exact; NULL where there is none or where it is over 2^63 - 1 (then see rewards_paid_units_large)	base units	chain
mining_pool	rewards_paid_units_large	paid: payments in the chain; to a solo miner: what is mature; what is owed is rewards_due less rewards_paid, below zero if a block that was paid for has left the chain, exact decimal digits, only where it is over 2^63 - 1 and so does not fit rewards_paid_units	base units	chain
mining_pool	rewards_paid_text	paid: payments in the chain; to a solo miner: what is mature; what is owed is rewards_due less rewards_paid, below zero if a block that was paid for has left the chain as decimal text with all places of the asset, exact	asset	chain
mining_pool	payout_transaction	id of the last payout; NULL for a solo miner		chain
mining_pool	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
mining_pool	origin	chain for solo miners, else observed: from the pool's own books		chain
allocations		What accounts had from the start, in AUR		
allocations	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		genesis
allocations	account	address of the account		genesis
allocations	amount_units	the allocation, exact; NULL where there is none or where it is over 2^63 - 1 (then see amount_units_large)	base units	genesis
allocations	amount_units_large	the allocation, exact decimal digits, only where it is over 2^63 - 1 and so does not fit amount_units	base units	genesis
allocations	amount_text	the allocation as decimal text with all places of the asset, exact	asset	genesis
authority_changes		Proof of Authority: who came into the set of authorities and who left it, block by block; the set after a block is who was added up to it and did not leave after that		
authority_changes	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
authority_changes	block_id	index of the block after which the change holds		chain
authority_changes	account	address of the authority's account		chain
authority_changes	node_id	node id of the same key, as in blocks.signer_id		chain
authority_changes	change	added: by the genesis or by vote; removed: by vote; slashed: by evidence in this block that it signed two blocks or two votes; recovered: it left because operators declared a block final without a quorum, and it had not sealed lately (the row stands with the first block that was sealed by those who remained)		chain
authority_changes	origin	genesis: block 0; else chain		chain
reorgs		Reorganizations that the export followed		
reorgs	reorg_id	number of the reorganization in this file		observed
reorgs	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		observed
reorgs	seen_at_ms	when the export followed it	ms since 1970, UTC	observed
reorgs	fork_index	index of the last block that both branches share		observed
reorgs	fork_hash	its hash, hex		observed
reorgs	old_index	index of the tip that was left		observed
reorgs	old_hash	its hash, hex		observed
reorgs	new_index	index of the tip that the same transaction wrote		observed
reorgs	new_hash	its hash, hex		observed
orphaned_blocks		Blocks that were in this file and left the canonical chain in a reorganization		
orphaned_blocks	reorg_id	the reorganization that left it		observed
orphaned_blocks	index	height; block 0 is the genesis block	blocks	observed
orphaned_blocks	timestamp	time of the block; exact in timestamp_ms	seconds since 1970, UTC	observed
orphaned_blocks	data	JSON array of what its first 8 transactions do: objects with kind, from, to, amount, asset and data in this order, each only where there is one; names as of the end of the block, amounts without needless zeros, data cut to 80 characters; of more transactions a last object says how many: more. Without spaces, as JSON.stringify writes it		observed
orphaned_blocks	previous_hash	hash of the parent block, hex; zeros in block 0		observed
orphaned_blocks	nonce	Proof of Work: the counting nonce (bytes 0..7 of nonce_bytes); NULL over 2^63 - 1		observed
orphaned_blocks	hash	SHA256(SHA256(header_bytes) || nonce_bytes), hex		observed
orphaned_blocks	miner	Proof of Work: the producer's registered name as of the end of this block, else its address		observed
orphaned_blocks	signer_id	Proof of Authority: node id of the authority that sealed the block		observed
orphaned_blocks	signature	Proof of Authority: SIG_{signer_id}_{hash}_{Ed25519 signature in hex}		observed
orphaned_blocks	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		observed
orphaned_blocks	transaction_count	transactions in the block		observed
orphaned_blocks	block_bytes	the whole block (SSZ)		observed
data_dictionary		What each table and column of this file means		
data_dictionary	table_name	the table		export
data_dictionary	column_name	the column; empty: the row describes the table		export
data_dictionary	meaning	what it holds		export
data_dictionary	unit	its unit, where it has one		export
data_dictionary	source	genesis, chain, observed (claims and clocks), or export (this file's own)		export
blocks_with_finality		Every column of blocks, and whether it is final		
blocks_with_finality	final	1: nothing can replace the row any more; 0: a reorganization still can		export
transactions_with_finality		Every column of transactions, and whether it is final		
transactions_with_finality	final	1: nothing can replace the row any more; 0: a reorganization still can		export
rewards		What blocks earned their producers, and whether it is mature: an account's to spend		
rewards	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
rewards	block_id	index of the block that earned it		chain
rewards	kind	reward, by the chain's schedule, or fees of the block's transactions		chain
rewards	account	address of the block's producer		chain
rewards	amount_units	what was earned, in AUR, exact; NULL where it does not fit (then see amount_units_large)	base units	chain
rewards	amount_units_large	what was earned, in AUR, exact decimal digits, only where it does not fit 64 bits	base units	chain
rewards	mature_in	index of the block that credits it to the account		chain
rewards	mature	1: credited by a block in this file; 0: it still waits		chain
ledger_entries		Every change of every balance: summed up over block_id up to an index they are the balances after that block		
ledger_entries	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
ledger_entries	block_id	index of the block that changes the balance; of a reward: the one it matures in		chain
ledger_entries	transaction_id	the transaction; NULL for an allocation, a reward and fees earned		chain
ledger_entries	kind	allocation, reward or fees (earned), fee (paid), sent, received or issued		chain
ledger_entries	account	address of the account whose balance changes		chain
ledger_entries	asset_id	AUR, or the id of the transaction that issued the asset		chain
ledger_entries	delta_units	the change, below zero where the balance falls, exact; NULL where it does not fit (then see delta_units_large)	base units	chain
ledger_entries	delta_units_large	the change, below zero where the balance falls, exact decimal digits, only where it does not fit 64 bits	base units	chain
ledger_entries	counterparty	name or address of the other side: the receiver, the sender or the issuer		chain
ledger_entries	data	memo of the transfer or metadata of the asset		chain
balances		What each account has of each asset after the last block in this file		
balances	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
balances	account	address of the account		chain
balances	asset_id	AUR, or the id of the transaction that issued the asset		chain
balances	symbol	short name of the asset; not unique		chain
balances	decimals	decimal places of the asset		chain
balances	balance_units	what the account can spend, exact; NULL where it does not fit (then see balance_units_large)	base units	chain
balances	balance_units_large	what the account can spend, exact decimal digits, only where it does not fit 64 bits	base units	chain
balances	balance_text	the same as decimal text, exact	asset	chain
balances	immature_units	what its blocks have earned beside that and it cannot spend yet, exact; NULL where it does not fit (then see immature_units_large)	base units	chain
balances	immature_units_large	what its blocks have earned beside that and it cannot spend yet, exact decimal digits, only where it does not fit 64 bits	base units	chain
balances	immature_text	the same as decimal text, exact	asset	chain
pool_payments		Transfers of AUR from a pool's account to one of the members that mining_pool knows		
pool_payments	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
pool_payments	pool	address of the pool's account		chain
pool_payments	member	address of the member's account		chain
pool_payments	block_id	index of the block that holds the transfer		chain
pool_payments	transaction_id	the transfer		chain
pool_payments	amount_units	what the member received, exact; NULL where it does not fit (then see amount_units_large)	base units	chain
pool_payments	amount_units_large	what the member received, exact decimal digits, only where it does not fit 64 bits	base units	chain
pool_payments	amount_text	the same as decimal text, exact	asset	chain
account_ledger		Every change of every balance with its time and the other side: one account's rows in the order of block_id are its ledger. The sum of delta_units up to a time is the balance then; an asset with amounts over 2^63 - 1 is summed by delta_high * 10^9 + delta_low		
account_ledger	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
account_ledger	account	address of the account whose balance changes		chain
account_ledger	block_id	index of the block that changes it		chain
account_ledger	timestamp_iso	time of the block, ISO 8601	UTC	chain
account_ledger	kind	allocation, reward or fees (earned), fee (paid), sent, received or issued		chain
account_ledger	asset_id	AUR, or the id of the transaction that issued the asset		chain
account_ledger	symbol	short name of the asset; not unique		chain
account_ledger	delta_units	the change, below zero where the balance falls, exact; NULL where it does not fit (then see delta_units_large)	base units	chain
account_ledger	delta_units_large	the change, below zero where the balance falls, exact decimal digits, only where it does not fit 64 bits	base units	chain
account_ledger	delta_text	the same as decimal text, exact	asset	chain
account_ledger	delta_high	the change: its high word; delta_high * 10^9 + delta_low is exact		chain
account_ledger	delta_low	the change: its low word, of the same sign	base units	chain
account_ledger	counterparty	name or address of the other side: the receiver, the sender or the issuer		chain
account_ledger	data	memo of the transfer or metadata of the asset		chain
account_ledger	transaction_id	the transaction; NULL for an allocation, a reward and fees earned		chain
supply		How much there is of each asset: what came into being equals what accounts hold and what is not mature yet		
supply	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
supply	asset_id	AUR, or the id of the transaction that issued the asset		chain
supply	symbol	short name of the asset; not unique		chain
supply	decimals	decimal places of the asset		chain
supply	created_units	what came into being: allocations and block rewards, or the issue, exact; NULL where it does not fit (then see created_units_large)	base units	chain
supply	created_units_large	what came into being: allocations and block rewards, or the issue, exact decimal digits, only where it does not fit 64 bits	base units	chain
supply	created_text	the same as decimal text, exact	asset	chain
supply	held_units	what all accounts together can spend, exact; NULL where it does not fit (then see held_units_large)	base units	chain
supply	held_units_large	what all accounts together can spend, exact decimal digits, only where it does not fit 64 bits	base units	chain
supply	held_text	the same as decimal text, exact	asset	chain
supply	immature_units	what blocks have earned and nobody can spend yet, exact; NULL where it does not fit (then see immature_units_large)	base units	chain
supply	immature_units_large	what blocks have earned and nobody can spend yet, exact decimal digits, only where it does not fit 64 bits	base units	chain
supply	immature_text	the same as decimal text, exact	asset	chain
holders		Accounts that have something of an asset, with their registered names		
holders	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
holders	asset_id	AUR, or the id of the transaction that issued the asset		chain
holders	symbol	short name of the asset; not unique		chain
holders	account	address of the account		chain
holders	name	its registered name; NULL: it has none		chain
holders	balance_units	what the account can spend, exact; NULL where it does not fit (then see balance_units_large)	base units	chain
holders	balance_units_large	what the account can spend, exact decimal digits, only where it does not fit 64 bits	base units	chain
holders	balance_text	the same as decimal text, exact	asset	chain
holders	immature_text	what its blocks have earned beside that and it cannot spend yet	asset	chain
daily_transactions		Transactions with the day of their block, in words: for a day, or an account's names		
daily_transactions	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
daily_transactions	day	day of the block, e.g. 2026-01-31; NULL after the year 9999	UTC	chain
daily_transactions	block_id	index of the block that holds it		chain
daily_transactions	position	place in the block, from 0		chain
daily_transactions	timestamp_iso	time of the block, ISO 8601	UTC	chain
daily_transactions	kind	transfer, record, registerUser, issueAsset or authorityVote		chain
daily_transactions	from_user	the sender, as in transactions		chain
daily_transactions	to_user	the other side, as in transactions		chain
daily_transactions	amount_text	the amount transferred or issued, exact	asset	chain
daily_transactions	symbol	short name of the asset; not unique		chain
daily_transactions	fee_text	the fee in AUR, exact	asset	chain
daily_transactions	data	memo, recorded data, registered name, asset metadata or the vote in words		chain
daily_transactions	transaction_id	the transaction		chain
daily_transactions	final	1: nothing can replace it any more; 0: a reorganization still can		chain
daily_volume		What was transferred of each asset on each day		
daily_volume	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
daily_volume	day	day of the block, e.g. 2026-01-31; NULL after the year 9999	UTC	chain
daily_volume	asset_id	AUR, or the id of the transaction that issued the asset		chain
daily_volume	symbol	short name of the asset; not unique		chain
daily_volume	transfers	transfers of that asset on that day		chain
daily_volume	volume_units	the sum of their amounts, exact; NULL where it does not fit (then see volume_units_large)	base units	chain
daily_volume	volume_units_large	the sum of their amounts, exact decimal digits, only where it does not fit 64 bits	base units	chain
daily_volume	volume_text	the same as decimal text, exact	asset	chain
sealed_by		Who made the blocks of each chain: miners and authorities		
sealed_by	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
sealed_by	account	address of the producer's account		chain
sealed_by	node_id	Proof of Authority: node id of the authority		chain
sealed_by	name	registered name of the account; NULL: it has none		chain
sealed_by	blocks	blocks that it made	blocks	chain
sealed_by	transactions	transactions in them		chain
sealed_by	first_block	index of the first of them		chain
sealed_by	last_block	index of the last of them		chain
sealed_by	first_time	time of the first, ISO 8601	UTC	chain
sealed_by	last_time	time of the last, ISO 8601	UTC	chain
reorganizations		What the export saw replaced: how many blocks, and with how many transactions		
reorganizations	reorg_id	number of the reorganization in this file		observed
reorganizations	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		observed
reorganizations	seen_at_ms	when the export followed it	ms since 1970, UTC	observed
reorganizations	fork_index	index of the last block that both branches share		observed
reorganizations	blocks_left	blocks of the old branch, all in orphaned_blocks	blocks	observed
reorganizations	blocks_written	blocks of the new branch that replaced them at once	blocks	observed
reorganizations	transactions_left	transactions in the blocks that were left; the new branch may hold them too		observed
reorganizations	old_hash	hash of the tip that was left, hex		observed
reorganizations	new_hash	hash of the tip that took its place, hex		observed
not_final		Blocks that a reorganization can still replace; in Proof of Work that is all of them		
not_final	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		export
not_final	block_id	index of the block		export
not_final	timestamp_iso	time of the block, ISO 8601	UTC	export
not_final	hash	its hash, hex		export
not_final	producer	address of the producer's account		export
not_final	transaction_count	transactions in the block		export
user_overview		Registered names with their accounts and what they have in AUR		
user_overview	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
user_overview	name	the registered name		chain
user_overview	account	address of the account that bears it		chain
user_overview	registered_in	index of the block that registered it		chain
user_overview	registered_at	time of that block, ISO 8601	UTC	chain
user_overview	aur_text	what the account can spend of AUR, exact	asset	chain
user_overview	aur_units	the same; NULL where the account never had any, or has over 2^63 - 1	base units	chain
asset_overview		Assets with their issuers, how much there is, and how many accounts hold them		
asset_overview	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
asset_overview	asset_id	AUR, or the id of the transaction that issued the asset		chain
asset_overview	symbol	short name of the asset; not unique		chain
asset_overview	name	name of the asset		chain
asset_overview	issuer	the issuer's name or address; NULL for AUR		chain
asset_overview	issued_in	index of the block that holds the issue		chain
asset_overview	issued_at	time of that block, ISO 8601	UTC	chain
asset_overview	created_text	what came into being of it, exact	asset	chain
asset_overview	holders	accounts that have some of it		chain
asset_overview	metadata	what the issuer wrote		chain
authorities		Proof of Authority: who may seal after the last block in this file, and since when; at an older index, see authority_changes		
authorities	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
authorities	account	address of the authority's account		chain
authorities	node_id	node id of the same key		chain
authorities	name	registered name of the account; NULL: it has none		chain
authorities	since_block	index of the block after which it may seal		chain
authorities	since_time	time of that block, ISO 8601	UTC	chain
authority_votes		Proof of Authority: every vote to let an authority in or out; what came of them is in authority_changes		
authority_votes	chain_id	the chain that the row belongs to: SHA-256 of its genesis spec, hex		chain
authority_votes	block_id	index of the block that holds the vote		chain
authority_votes	timestamp_iso	time of the block, ISO 8601	UTC	chain
authority_votes	voter	name or address of the authority that voted		chain
authority_votes	voter_account	its address		chain
authority_votes	action	add or remove		chain
authority_votes	authority	name or address of the one that the vote is about		chain
authority_votes	authority_account	its address		chain
authority_votes	data	the vote in words, with its node id and the last block that counts it		chain
authority_votes	transaction_id	the transaction		chain
`
  .trim()
  .split("\n");

/** The number of the line, a tab, and the line. */
export const shippedReadme: readonly string[] = `
1	This file is a ledger of Aurex: every block and transaction of one blockchain or more, as SQL tables.
2	SQLite 3.8.3 (February 2014) and all later versions read it. An older one says: malformed database schema.
3	What each table and column means: SELECT * FROM data_dictionary
4	Which chains are in here, up to which block, and what is final: SELECT * FROM meta
5	Sums belong to the columns *_units, which are exact. An amount over 9223372036854775807 stands in *_units_large.
6	Whether the file is true, nobody has to believe: aurex-node audit FILE checks every row of it.
`
  .trim()
  .split("\n");
