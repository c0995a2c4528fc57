"""Run by Alembic: migrate on the connection that the service gives, in its transaction."""

from alembic import context

from fauxto.serve.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
