"""A language server: findings, fixes and explanations while code is written.

``attnlint server`` runs it. One direction of imports: positions ← documents ← analyses ← reports, actions, hover ← app.
Only ``app`` and the command know that there is a connection; all else answers questions about documents.
"""
