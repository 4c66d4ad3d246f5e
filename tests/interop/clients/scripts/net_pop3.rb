# Reads a mailbox with Net::POP3 and keeps each letter in a file of FOLDER named after its number.
# Usage: net_pop3.rb pop3s HOST PORT AUTHORITY NAME PASSWORD FOLDER
require "net/pop"

_, host, port, authority, name, password, folder = ARGV
pop3 = Net::POP3.new(host, port.to_i)
pop3.enable_ssl(verify_mode: OpenSSL::SSL::VERIFY_PEER, ca_file: authority)
pop3.open_timeout = pop3.read_timeout = 20
pop3.start(name, password) do
  pop3.each_mail do |mail|
    raise "no UIDL of #{mail.number}" if mail.unique_id.empty?
    File.binwrite(File.join(folder, mail.number.to_s), mail.pop)
  end
end
