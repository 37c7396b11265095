-- Where a study's parameters may go, as it was declared with the study; JSON, as the trainer's SearchSpace reads it.
ALTER TABLE studies ADD COLUMN search_space TEXT CHECK (search_space IS NULL OR json_valid(search_space));
