"""What every command and button needs: who may, in which language, how an answer is sent, what an error says."""
