"""What CI servers read: JUnit XML, and a summary in Markdown for the page of a job.

`outcome` is what both are made of.
"""
