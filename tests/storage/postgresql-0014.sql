-- What the version of revision 0014 makes on PostgreSQL, and some rows. Frozen: it does not follow the schema.
CREATE TABLE notes (
	key VARCHAR COLLATE "C" NOT NULL,
	value VARCHAR COLLATE "C" NOT NULL,
	PRIMARY KEY (key)
);
CREATE TABLE recents (
	user_id BIGINT NOT NULL,
	task_id VARCHAR COLLATE "C" NOT NULL,
	channel_id BIGINT NOT NULL,
	public BOOLEAN NOT NULL,
	gateway VARCHAR COLLATE "C" NOT NULL,
	title VARCHAR COLLATE "C" NOT NULL,
	looked_up_at FLOAT NOT NULL,
	PRIMARY KEY (user_id, task_id)
);
CREATE INDEX recents_of_channel ON recents (channel_id, looked_up_at);
CREATE INDEX recents_of_task ON recents (task_id, looked_up_at);
CREATE TABLE tasks (
	task_id VARCHAR COLLATE "C" NOT NULL,
	gateway VARCHAR COLLATE "C" NOT NULL,
	status VARCHAR COLLATE "C" NOT NULL,
	first_asked_at FLOAT,
	asked_at FLOAT,
	changed_at FLOAT,
	misses INTEGER NOT NULL,
	due_at FLOAT,
	lease_until FLOAT NOT NULL,
	digest BYTEA NOT NULL,
	live BOOLEAN DEFAULT false NOT NULL,
	kind VARCHAR COLLATE "C" DEFAULT '' NOT NULL,
	PRIMARY KEY (task_id)
);
CREATE INDEX tasks_due ON tasks (gateway, due_at) WHERE due_at IS NOT NULL;
CREATE TABLE songs (
	clip_id VARCHAR COLLATE "C" NOT NULL,
	task_id VARCHAR COLLATE "C" NOT NULL,
	seen_at FLOAT NOT NULL,
	PRIMARY KEY (clip_id)
);
CREATE INDEX songs_of_task ON songs (task_id);
CREATE INDEX songs_by_age ON songs (seen_at);
CREATE TABLE batches (
	id VARCHAR COLLATE "C" NOT NULL,
	user_id BIGINT NOT NULL,
	entries VARCHAR COLLATE "C" NOT NULL,
	ignored INTEGER NOT NULL,
	words VARCHAR COLLATE "C" DEFAULT '[]' NOT NULL,
	created_at FLOAT NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX batches_of_user ON batches (user_id);
CREATE INDEX batches_by_age ON batches (created_at);
CREATE TABLE people (
	user_id BIGINT NOT NULL,
	locale VARCHAR COLLATE "C" NOT NULL,
	private BOOLEAN NOT NULL,
	direct BOOLEAN NOT NULL,
	named BOOLEAN DEFAULT true NOT NULL,
	PRIMARY KEY (user_id)
);
CREATE TABLE guilds (
	guild_id BIGINT NOT NULL,
	locale VARCHAR COLLATE "C" NOT NULL,
	channel_id BIGINT,
	roles VARCHAR COLLATE "C" NOT NULL,
	watches_per_user INTEGER,
	audio BOOLEAN NOT NULL,
	error_channel_id BIGINT,
	paused BOOLEAN NOT NULL,
	PRIMARY KEY (guild_id)
);
CREATE INDEX guilds_paused ON guilds (guild_id) WHERE paused IS TRUE;
CREATE TABLE orders (
	id VARCHAR COLLATE "C" NOT NULL,
	user_id BIGINT NOT NULL,
	guild_id BIGINT,
	channel_id BIGINT NOT NULL,
	gateway VARCHAR COLLATE "C" NOT NULL,
	state VARCHAR COLLATE "C" NOT NULL,
	request VARCHAR COLLATE "C" NOT NULL,
	price FLOAT,
	task_id VARCHAR COLLATE "C" NOT NULL,
	reason VARCHAR COLLATE "C" NOT NULL,
	detail VARCHAR COLLATE "C" NOT NULL,
	attempts INTEGER NOT NULL,
	reconciled INTEGER NOT NULL,
	at_once INTEGER NOT NULL,
	created_at FLOAT NOT NULL,
	placed_at FLOAT,
	sent_at FLOAT,
	due_at FLOAT,
	locale VARCHAR COLLATE "C" NOT NULL,
	user_locale VARCHAR COLLATE "C" NOT NULL,
	announced VARCHAR COLLATE "C" NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX orders_of_user ON orders (user_id, created_at);
CREATE INDEX orders_by_age ON orders (created_at);
CREATE INDEX orders_untold ON orders (placed_at) WHERE announced <> state AND state <> 'draft';
CREATE INDEX orders_of_guild ON orders (guild_id, created_at);
CREATE INDEX orders_of_task ON orders (task_id);
CREATE INDEX orders_due ON orders (gateway, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX orders_by_state ON orders (state, gateway, placed_at);
CREATE TABLE ledger (
	id BIGSERIAL NOT NULL,
	order_id VARCHAR COLLATE "C" NOT NULL,
	owner VARCHAR COLLATE "C" NOT NULL,
	guild_id BIGINT NOT NULL,
	work VARCHAR COLLATE "C" NOT NULL,
	entry VARCHAR COLLATE "C" NOT NULL,
	amount INTEGER NOT NULL,
	price FLOAT,
	day VARCHAR COLLATE "C" NOT NULL,
	at FLOAT NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX ledger_of_order ON ledger (order_id);
CREATE INDEX ledger_of_day ON ledger (day, work, guild_id, owner, amount);
CREATE INDEX ledger_of_owner ON ledger (owner, at);
CREATE TABLE creation_rules (
	guild_id BIGINT NOT NULL,
	enabled BOOLEAN NOT NULL,
	roles VARCHAR COLLATE "C" NOT NULL,
	songs_per_person INTEGER NOT NULL,
	songs_per_server INTEGER NOT NULL,
	lyrics_per_person INTEGER NOT NULL,
	at_once INTEGER NOT NULL,
	approval BOOLEAN NOT NULL,
	channels VARCHAR COLLATE "C" NOT NULL,
	models VARCHAR COLLATE "C" NOT NULL,
	blocked VARCHAR COLLATE "C" NOT NULL,
	PRIMARY KEY (guild_id)
);
CREATE TABLE accounts (
	gateway VARCHAR COLLATE "C" NOT NULL,
	song_price FLOAT,
	lyrics_price FLOAT,
	credit_left FLOAT,
	credit_used FLOAT,
	limited BOOLEAN NOT NULL,
	checked_at FLOAT NOT NULL,
	closed VARCHAR COLLATE "C" NOT NULL,
	PRIMARY KEY (gateway)
);
CREATE TABLE abilities (
	gateway VARCHAR COLLATE "C" NOT NULL,
	name VARCHAR COLLATE "C" NOT NULL,
	present INTEGER NOT NULL,
	absent INTEGER NOT NULL,
	seen_at FLOAT NOT NULL,
	PRIMARY KEY (gateway, name)
);
CREATE TABLE library (
	id BIGSERIAL NOT NULL,
	task_id VARCHAR COLLATE "C" NOT NULL,
	number INTEGER NOT NULL,
	clip_id VARCHAR COLLATE "C" NOT NULL,
	gateway VARCHAR COLLATE "C" NOT NULL,
	user_id BIGINT NOT NULL,
	owner_id BIGINT NOT NULL,
	guild_id BIGINT NOT NULL,
	channel_id BIGINT NOT NULL,
	parent_id BIGINT NOT NULL,
	restricted BOOLEAN NOT NULL,
	message_id BIGINT NOT NULL,
	title VARCHAR COLLATE "C" NOT NULL,
	style VARCHAR COLLATE "C" NOT NULL,
	duration FLOAT,
	posted_at FLOAT NOT NULL,
	removed BOOLEAN NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX library_of_owner ON library (owner_id, posted_at);
CREATE INDEX library_of_task ON library (task_id, number);
CREATE UNIQUE INDEX library_of_place ON library (channel_id, task_id, number, owner_id);
CREATE INDEX library_of_channel ON library (channel_id, posted_at);
CREATE INDEX library_of_guild ON library (guild_id, posted_at);
CREATE INDEX library_of_parent ON library (guild_id, parent_id, restricted, channel_id);
CREATE INDEX library_of_user ON library (user_id, posted_at);
CREATE TABLE star_counts (
	message_id BIGINT NOT NULL,
	channel_id BIGINT NOT NULL,
	due_at FLOAT NOT NULL,
	PRIMARY KEY (message_id)
);
CREATE INDEX star_counts_due ON star_counts (due_at);
CREATE TABLE left_guilds (
	guild_id BIGINT NOT NULL,
	left_at FLOAT NOT NULL,
	PRIMARY KEY (guild_id)
);
CREATE INDEX left_guilds_by_age ON left_guilds (left_at);
CREATE TABLE answers (
	task_id VARCHAR COLLATE "C" NOT NULL,
	task VARCHAR COLLATE "C" NOT NULL,
	title VARCHAR COLLATE "C" DEFAULT '' NOT NULL,
	PRIMARY KEY (task_id),
	FOREIGN KEY(task_id) REFERENCES tasks (task_id) ON DELETE CASCADE
);
CREATE INDEX answers_titles ON answers (task_id, title);
CREATE TABLE watches (
	id BIGSERIAL NOT NULL,
	task_id VARCHAR COLLATE "C" NOT NULL,
	user_id BIGINT NOT NULL,
	channel_id BIGINT NOT NULL,
	guild_id BIGINT,
	mentions VARCHAR COLLATE "C" NOT NULL,
	lyrics_id VARCHAR COLLATE "C" NOT NULL,
	live BOOLEAN NOT NULL,
	locale VARCHAR COLLATE "C" NOT NULL,
	user_locale VARCHAR COLLATE "C" NOT NULL,
	created_at FLOAT NOT NULL,
	announced VARCHAR COLLATE "C" NOT NULL,
	quiet_announced BOOLEAN NOT NULL,
	live_announced BOOLEAN NOT NULL,
	outcome VARCHAR COLLATE "C" NOT NULL,
	card_id BIGINT,
	card_shows VARCHAR COLLATE "C" NOT NULL,
	card_due_at FLOAT,
	PRIMARY KEY (id),
	FOREIGN KEY(task_id) REFERENCES tasks (task_id)
);
CREATE INDEX watches_in_channel ON watches (channel_id, task_id);
CREATE INDEX watches_about_task ON watches (task_id);
CREATE INDEX watches_of_guild ON watches (guild_id);
CREATE INDEX watches_with_card ON watches (card_due_at) WHERE card_due_at IS NOT NULL;
CREATE INDEX watches_ended ON watches (created_at) WHERE outcome <> '';
CREATE INDEX watches_of_lyrics ON watches (lyrics_id) WHERE outcome = '' AND lyrics_id <> '';
CREATE INDEX watches_open_of_user ON watches (user_id, task_id) WHERE outcome = '';
CREATE UNIQUE INDEX watches_of_task ON watches (task_id, channel_id) WHERE outcome = '';
CREATE INDEX watches_of_user ON watches (user_id);
CREATE INDEX watches_about_lyrics ON watches (lyrics_id) WHERE lyrics_id <> '';
CREATE TABLE library_texts (
	song_id BIGINT NOT NULL,
	lyrics VARCHAR COLLATE "C" NOT NULL,
	line VARCHAR COLLATE "C" NOT NULL,
	PRIMARY KEY (song_id),
	FOREIGN KEY(song_id) REFERENCES library (id) ON DELETE CASCADE
);
CREATE TABLE stars (
	song_id BIGINT NOT NULL,
	user_id BIGINT NOT NULL,
	starred_at FLOAT NOT NULL,
	PRIMARY KEY (song_id, user_id),
	FOREIGN KEY(song_id) REFERENCES library (id) ON DELETE CASCADE
);
CREATE INDEX stars_of_user ON stars (user_id, starred_at);
CREATE TABLE followers (
	watch_id BIGINT NOT NULL,
	user_id BIGINT NOT NULL,
	locale VARCHAR COLLATE "C" NOT NULL,
	since FLOAT NOT NULL,
	PRIMARY KEY (watch_id, user_id),
	FOREIGN KEY(watch_id) REFERENCES watches (id) ON DELETE CASCADE
);
CREATE INDEX followers_of_user ON followers (user_id);
CREATE TABLE deliveries (
	seq BIGSERIAL NOT NULL,
	id VARCHAR COLLATE "C" NOT NULL,
	watch_id BIGINT NOT NULL,
	channel_id BIGINT NOT NULL,
	topic VARCHAR COLLATE "C" NOT NULL,
	clips VARCHAR COLLATE "C" NOT NULL,
	created_at FLOAT NOT NULL,
	state VARCHAR COLLATE "C" NOT NULL,
	reason VARCHAR COLLATE "C" NOT NULL,
	due_at FLOAT NOT NULL,
	lease_until FLOAT NOT NULL,
	attempts INTEGER NOT NULL,
	parked BOOLEAN NOT NULL,
	tried_at FLOAT,
	message_id BIGINT,
	sent_at FLOAT,
	audio_missing_since FLOAT,
	host VARCHAR COLLATE "C" DEFAULT '' NOT NULL,
	locale VARCHAR COLLATE "C" DEFAULT '' NOT NULL,
	user_id BIGINT DEFAULT 0 NOT NULL,
	PRIMARY KEY (seq),
	UNIQUE (id),
	FOREIGN KEY(watch_id) REFERENCES watches (id) ON DELETE CASCADE
);
CREATE INDEX deliveries_of_watch ON deliveries (watch_id);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state IN ('waiting', 'blocked');
CREATE INDEX deliveries_unsent ON deliveries (state, created_at) WHERE state <> 'sent';
CREATE INDEX deliveries_in_line ON deliveries (channel_id, user_id, created_at, seq) WHERE state IN ('waiting', 'blocked');
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT INTO alembic_version VALUES ('0014');
INSERT INTO notes VALUES ('ledger_key', 'abc');
INSERT INTO guilds VALUES (5, '', 10, '[]', NULL, true, NULL, false);
INSERT INTO library VALUES (3, 't1', 1, 'clip-000001', 'default', 1, 0, 5, 10, 10, false, 77, 'Rain', 'folk', 60.0, 5.0, false);
INSERT INTO library_texts VALUES (3, 'Drops', ' rain folk drops');
INSERT INTO stars VALUES (3, 2, 6.0);
