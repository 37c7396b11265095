-- Adapters: models that answer together with another, whole model, their base.
ALTER TABLE models ADD COLUMN base TEXT;
CREATE INDEX models_whole ON models (row) WHERE published = 1 AND base IS NULL;
